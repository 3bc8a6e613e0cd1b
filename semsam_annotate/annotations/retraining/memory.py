"""What a project's loop remembers over its own end: its last try."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.annotations.retraining.known_masks import KnownMasks
from semsam_annotate.annotations.retraining.run import Run
from semsam_annotate.api.errors import DAMAGED

FILE = "loop-tried.json"


@dataclass(frozen=True)
class LoopMemory:
    """``tried``: the masks that were accepted at the last try. ``since``: when that was, or when a time of the
    schedule was let pass, by the clock on the wall. ``attempts``: tries since a training ended in any way but by a
    kill. ``pid``, ``host``: the process of the last try (0: none was begun), before which ``before`` was the number of
    the last run; ``code``: that it ended with, None where nobody saw it. ``schedule``: which ``since`` counts for, None
    where nobody knows."""

    tried: KnownMasks = field(default_factory=KnownMasks)
    since: datetime | None = None
    attempts: int = 0
    pid: int = 0
    host: str = ""
    before: int = 0
    code: int | None = None
    schedule: str | None = None

    @classmethod
    def read(cls, models: Path) -> "LoopMemory":
        """Of a project; an empty one when there is none, or it is damaged: then the loop begins afresh."""
        try:
            row: Any = json.loads((models / FILE).read_bytes())
            since = None if row["since"] is None else datetime.fromisoformat(row["since"])
            if since is not None and since.tzinfo is not None:
                since = since.astimezone().replace(tzinfo=None)
            code, schedule = row.get("code"), row.get("schedule")
            last = int(row["attempts"]), int(row["pid"]), str(row["host"]), int(row["before"])
            more = None if code is None else int(code), None if schedule is None else str(schedule)
            return cls(KnownMasks.from_json(row["tried"]), since, *last, *more)
        except (OSError, *DAMAGED):
            return cls()

    def write(self, models: Path) -> None:
        """Write it down."""
        row = {
            "tried": self.tried.to_json(),
            "since": None if self.since is None else self.since.isoformat(),
            "attempts": self.attempts,
            "pid": self.pid,
            "host": self.host,
            "before": self.before,
            "code": self.code,
            "schedule": self.schedule,
        }
        write_atomically(models / FILE, json.dumps(row).encode())

    def at(self, now: datetime) -> "LoopMemory":
        """The memory once a time of the schedule was let pass."""
        return replace(self, since=now)

    def own(self, found: Sequence[Run]) -> Run | None:
        """The run of the last try: the first since that its process began, as numbers of processes come again."""
        mine = (run for run in found if run.number > self.before and (run.pid, run.host) == (self.pid, self.host))
        return next(mine, None)

    @property
    def failed(self) -> bool:
        """Whether the last try ended by itself; one that was killed has no code, or that of a signal."""
        return self.code is not None and self.code >= 0

    def over(self, last: Run | None) -> bool:
        """Whether the last try came to an end of any kind but a kill, or somebody's training did since."""
        return last is not None and last.number > self.before and last.outcome is not None
