"""``[retrain]`` of ``project.toml``: what a training may cost, whoever starts it."""

import math
from dataclasses import dataclass

from semsam_annotate.api import BadInput


@dataclass(frozen=True)
class RetrainConfig:
    """``max_steps``: of training, 0 as many as the number of images asks for. ``minutes``: that these steps may take
    together, 0 any; reading and judging come on top. ``threads``: of the processor, 0 half of its cores."""

    max_steps: int = 0
    minutes: float = 0.0
    threads: int = 0

    def __post_init__(self) -> None:
        for name in ("max_steps", "threads"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 1_000_000:
                raise BadInput(f"{name} in [retrain] is a whole number, 0 for no limit, not {value!r}")
        if isinstance(self.minutes, bool) or not isinstance(self.minutes, (int, float)):
            raise BadInput(f"minutes in [retrain] is a number, 0 for no limit, not {self.minutes!r}")
        if not math.isfinite(self.minutes) or self.minutes < 0:
            raise BadInput(f"minutes in [retrain] is a time, 0 for no limit, not {self.minutes}")
