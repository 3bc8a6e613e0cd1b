"""What a project's loop remembers over its own end: its last try."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.annotations.retraining.run import Run
from semsam_annotate.api.errors import DAMAGED

FILE = "loop-tried.json"


@dataclass(frozen=True)
class LoopMemory:
    """``tried``: ids of the masks that were accepted at the last try. ``since``: when that was, or when a time of the
    schedule was let pass, by the clock on the wall. ``attempts``: tries since a training ended in any way but by a
    kill. ``pid``, ``host``: the process of the last try, before which ``before`` was the number of the last run."""

    tried: frozenset[str] = frozenset()
    since: datetime | None = None
    attempts: int = 0
    pid: int = 0
    host: str = ""
    before: int = 0

    @classmethod
    def read(cls, models: Path) -> "LoopMemory":
        """Of a project; an empty one when there is none, or it is damaged: then the loop begins afresh."""
        try:
            row: Any = json.loads((models / FILE).read_bytes())
            since = None if row["since"] is None else datetime.fromisoformat(row["since"])
            tried = frozenset(map(str, row["tried"]))
            return cls(tried, since, int(row["attempts"]), int(row["pid"]), str(row["host"]), int(row["before"]))
        except (OSError, *DAMAGED):
            return cls()

    def write(self, models: Path) -> None:
        """Write it down."""
        row = {
            "tried": sorted(self.tried),
            "since": None if self.since is None else self.since.isoformat(),
            "attempts": self.attempts,
            "pid": self.pid,
            "host": self.host,
            "before": self.before,
        }
        write_atomically(models / FILE, json.dumps(row).encode())

    def at(self, now: datetime) -> "LoopMemory":
        """The memory once a time of the schedule was let pass."""
        return replace(self, since=now)

    def over(self, last: Run | None) -> bool:
        """Whether the last try came to an end of any kind but a kill, or somebody's training did since."""
        return last is not None and last.number > self.before and last.outcome is not None
