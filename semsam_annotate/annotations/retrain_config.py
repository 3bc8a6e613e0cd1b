"""``[retrain]`` of ``project.toml``: when a training begins by itself, and what one may cost, whoever starts it."""

from dataclasses import dataclass
from datetime import datetime

from cronsim import CronSim, CronSimError

from semsam_annotate.annotations.retraining.quiet import QuietHours
from semsam_annotate.api import BadInput

KEEP = 10
AUTO, NONE = "auto", "none"
MOST, MOST_THREADS = 1_000_000, 1024
_SOME_DAY = datetime(2024, 1, 1)


@dataclass(frozen=True)
class RetrainConfig:
    """``schedule``: times to train at, as a cron expression of five fields, "" none. ``quiet``: hours in which nothing
    begins by itself, see ``QuietHours.parse``. Both by the clock on the wall of the machine that trains.

    ``max_steps``: of training, 0 as many as the number of images asks for. ``minutes``: that these steps may take
    together, 0 any; reading and judging come on top. ``threads``: of the processor, 0 half of its cores. ``gpu``:
    "auto" takes one if there is one, "none" does not, a number takes that one. ``keep``: versions of the model, and
    folders of trainings, that stay, 0 all.
    """

    max_steps: int = 0
    minutes: float = 0.0
    threads: int = 0
    schedule: str = ""
    quiet: str = ""
    gpu: str | int = AUTO
    keep: int = KEEP

    def __post_init__(self) -> None:
        for name in ("max_steps", "threads", "keep"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST:
                raise BadInput(f"{name} in [retrain] is a whole number, 0 for no limit, not {value!r}")
        if isinstance(self.minutes, bool) or not isinstance(self.minutes, (int, float)):
            raise BadInput(f"minutes in [retrain] is a number, 0 for no limit, not {self.minutes!r}")
        if not 0 <= self.minutes <= MOST:
            raise BadInput(f"minutes in [retrain] is a time up to {MOST:,}, 0 for no limit, not {self.minutes!s:.20}")
        if self.threads > MOST_THREADS:
            raise BadInput(f"threads in [retrain] are at most {MOST_THREADS}, not {self.threads}")
        if self.gpu not in (AUTO, NONE) and not _is_number(self.gpu):
            raise BadInput(f'gpu in [retrain] is "auto", "none" or the number of one, not {self.gpu!r}')
        for name in ("schedule", "quiet"):
            if not isinstance(getattr(self, name), str):
                raise BadInput(f"{name} in [retrain] is a text, not {getattr(self, name)!r}")
        if self.schedule:
            self.next_time(_SOME_DAY)
        _ = self.quiet_hours

    @property
    def quiet_hours(self) -> QuietHours:
        """The quiet hours of a week."""
        return QuietHours.parse(self.quiet)

    def next_time(self, after: datetime) -> datetime | None:
        """The first time of the schedule after a moment, both by the clock on the wall; None without a schedule."""
        if not self.schedule:
            return None
        try:
            if len(self.schedule.split()) != 5:
                raise CronSimError("five fields")
            return next(CronSim(self.schedule, after))
        except (CronSimError, StopIteration) as error:
            raise BadInput(
                "schedule in [retrain] is a cron expression, minute, hour, day of the month, month, day of the week, "
                f"such as '0 2 * * *' for every night at two, not {self.schedule!r} ({error})"
            ) from error

    @property
    def gpu_number(self) -> int | None:
        """Of the GPU that a training is to use, None where it may choose or use none."""
        return None if self.gpu in (AUTO, NONE) else int(self.gpu)

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that hold a training to its GPU, or to none."""
        if self.gpu == AUTO:
            return {}
        return {"CUDA_VISIBLE_DEVICES": "" if self.gpu == NONE else str(self.gpu)}


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return value.isascii() and value.isdigit() and len(value) < 4
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1000
