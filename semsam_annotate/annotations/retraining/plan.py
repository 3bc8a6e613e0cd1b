"""What a project's loop does next, and why: a pure function of its settings, what there is, and the time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from semsam_annotate.annotations.retrain_config import RetrainConfig
from semsam_annotate.api.errors import DAMAGED

Act = Literal["start", "pause", "wait"]
ATTEMPTS = 3
"""Times that a training which is killed again and again is begun without anything new."""


@dataclass(frozen=True)
class Situation:
    """What a decision follows from.

    ``fresh``: accepted masks that neither the last finished training nor the last try knew; ``learn``: masks to learn
    from at all. ``running``: whether a training goes on, ``ours``: which the loop began. ``unfinished``: whether the
    last one was killed or put by, ``attempts``: since when so many were begun. ``since``: when a training was last
    begun, or its time let pass, by the clock on the wall; the schedule counts from then.
    """

    fresh: int
    learn: int
    running: bool = False
    ours: bool = False
    unfinished: bool = False
    attempts: int = 0
    since: datetime | None = None


@dataclass(frozen=True)
class Decision:
    """``act``: "start" a training, "pause" the one that goes on, or "wait". ``reason``: why, in words. ``at``: when
    something is next due by the clock on the wall, None when nobody can tell. ``passed``: a time of the schedule is
    over with nothing to do."""

    act: Act
    reason: str
    at: datetime | None = None
    passed: bool = False

    @property
    def sentence(self) -> str:
        """What happens next, for people."""
        begin = {"start": "Training begins now", "pause": "Training is put by", "wait": "No training is due"}[self.act]
        return f"{begin}: {self.reason}."

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        at = None if self.at is None else self.at.isoformat(timespec="minutes")
        return {"act": self.act, "reason": self.reason, "at": at}

    @classmethod
    def from_json(cls, value: Any) -> "Decision | None":
        """Back from ``to_json``; None when it is something else."""
        try:
            at = None if value["at"] is None else datetime.fromisoformat(str(value["at"]))
            act: Act = value["act"]
            return cls(act, str(value["reason"]), at) if act in ("start", "pause", "wait") else None
        except DAMAGED:
            return None


def decide(after: int, config: RetrainConfig, found: Situation, now: datetime) -> Decision:
    """``after``: the project's ``retrain_after``. ``now``: by the clock on the wall, without a time zone."""
    quiet = config.quiet_hours.until(now)
    if found.running:
        return _while_running(found, quiet, now)
    if not after and not config.schedule:
        return Decision("wait", "only people start one here, since project.toml has neither retrain_after nor schedule")
    upcoming = _outside(config, config.next_time(now))
    due = found.since is not None and (next_due := config.next_time(found.since)) is not None and next_due <= now
    if not found.learn:
        return Decision("wait", "there is nothing to learn from yet", upcoming, passed=due)
    cause = _cause(after, found, due)
    if cause is None:
        return Decision("wait", _missing(after, found, upcoming), upcoming, passed=due)
    if quiet is not None:
        return Decision("wait", f"{cause}, but these are quiet hours until {clock(quiet, now)}", quiet)
    return Decision("start", cause)


def clock(at: datetime, now: datetime) -> str:
    """A time as people say it: "18:00", "Mon 02:00" within a week, "2026-12-24 02:00" later."""
    if at.date() == now.date():
        return f"{at:%H:%M}"
    return f"{at:%a %H:%M}" if (at - now).days < 6 else f"{at:%Y-%m-%d %H:%M}"


def _while_running(found: Situation, quiet: datetime | None, now: datetime) -> Decision:
    if found.ours and quiet is not None:
        return Decision("pause", f"quiet hours have begun, it goes on at {clock(quiet, now)}", quiet)
    return Decision("wait", "one goes on")


def _cause(after: int, found: Situation, due: bool) -> str | None:
    """Why a training is due, None when it is not."""
    if found.unfinished and found.attempts < ATTEMPTS:
        return "the last one was interrupted"
    if after and found.fresh >= after:
        return f"{_masks(found.fresh)} new, {after} were waited for"
    return f"its time has come, and {_masks(found.fresh)} new" if due and found.fresh else None


def _missing(after: int, found: Situation, upcoming: datetime | None) -> str:
    missing = []
    if found.unfinished:
        missing.append(f"the last one was interrupted {found.attempts} times, something new is waited for")
    if after:
        missing.append(f"{_masks(found.fresh)} new, {after} are waited for")
    if upcoming is not None:
        new = "" if after else f", {_masks(found.fresh)} new so far"
        missing.append(f"the next time is {upcoming:%a %Y-%m-%d %H:%M}{new}")
    return "; ".join(missing)


def _outside(config: RetrainConfig, upcoming: datetime | None) -> datetime | None:
    """A time of the schedule, or the end of the quiet hours that it lies in."""
    return None if upcoming is None else config.quiet_hours.until(upcoming) or upcoming


def _masks(count: int) -> str:
    return "1 mask is" if count == 1 else f"{count} masks are"
