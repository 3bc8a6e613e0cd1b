"""What a retraining leaves for whoever watches it: a small numbered folder under ``models/runs``.

``run.json``: who trains; ``masks.json``: ids of the accepted masks it took, ``known.json`` the same in few words, made
of it by whoever needs it first (``learned.py``); ``progress.jsonl``: a line a step;
``pictures/``: masks of held-back photos before and after; ``outcome.json``: how it ended, last of all.
"""

import json
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from semsam_annotate.api.errors import DAMAGED

RUNS = "runs"
LOCK = ".retrain.lock"
STALE = 180.0
"""Seconds without a sign of life after which what ran on another machine is dead: there a lock may not be seen."""
WORK = ".retrain-work"
"""What a training computes with; it stays behind one that was killed or put by, for the next to go on with."""
FINISHED, FAILED, STOPPED, PUT_BY = "finished", "failed", "stopped", "put by"


@dataclass(frozen=True)
class Outcome:
    """``state``: "finished", with the ``report`` of the retraining, "failed", with a ``message``, "stopped", or "put
    by", to go on later."""

    state: str
    message: str = ""
    report: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BeforeAfter:
    """A mask of a held-back photo: picture files, and the IoU, 0..1, of the best mask of a click with the true one."""

    name: str
    before: Path
    after: Path
    old: float
    new: float


@dataclass(frozen=True)
class Run:
    """One retraining; ``started``: ISO 8601, UTC. ``pid`` on ``host``: the process."""

    folder: Path
    started: str
    pid: int
    host: str

    @property
    def number(self) -> int:
        """1 for the project's first."""
        return int(self.folder.name)

    @property
    def progress(self) -> Path:
        """File with a line a step."""
        return self.folder / "progress.jsonl"

    @property
    def page(self) -> Path:
        """Its report for a browser, beside it the same as a picture; there once it came to a verdict."""
        return self.folder / "report.html"

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None while it runs, after it was killed, and when the file is damaged."""
        plain = _read(self.folder / "outcome.json")
        if not isinstance(plain, dict) or plain.get("state") not in (FINISHED, FAILED, STOPPED, PUT_BY):
            return None
        report = plain.get("report")
        return Outcome(plain["state"], str(plain.get("message", "")), report if isinstance(report, dict) else {})

    @property
    def elsewhere(self) -> bool:
        """Whether it runs on another machine, to judge by its signs of life."""
        if self.host == socket.gethostname() or self.outcome is not None:
            return False
        signs = [path.stat().st_mtime for path in (self.folder / "run.json", self.progress) if path.is_file()]
        return abs(time.time() - max(signs, default=0.0)) < STALE

    @property
    def masks(self) -> frozenset[str]:
        """Ids of the accepted masks that it learned from or was judged by."""
        plain = _read(self.folder / "masks.json")
        return frozenset(map(str, plain)) if isinstance(plain, list) else frozenset()

    @property
    def pictures(self) -> tuple[BeforeAfter, ...]:
        """Before and after, the largest gain first."""
        plain = _read(self.folder / "pictures" / "pictures.json")
        rows = plain if isinstance(plain, list) else []
        return tuple(found for row in rows if (found := _picture(self.folder / "pictures", row)) is not None)


def runs(models: Path) -> list[Run]:
    """Every retraining of a project, oldest first; ``models``: its folder of models."""
    try:
        places = sorted(
            (path for path in (models / RUNS).iterdir() if path.name.isdigit()), key=lambda it: int(it.name)
        )
    except OSError:
        return []
    return [run for place in places if (run := _run(place)) is not None]


def last_finished(models: Path) -> Run | None:
    """The last retraining that came to a verdict."""
    ended = ((run, run.outcome) for run in reversed(runs(models)))
    return next((run for run, outcome in ended if outcome is not None and outcome.state == FINISHED), None)


def _run(folder: Path) -> Run | None:
    plain = _read(folder / "run.json")
    try:
        return Run(folder, str(plain["started"]), int(plain["pid"]), str(plain["host"]))
    except DAMAGED:
        return None


def _picture(folder: Path, row: Any) -> BeforeAfter | None:
    try:
        files = folder / str(row["before"]), folder / str(row["after"])
        return BeforeAfter(str(row["name"]), *files, float(row["old"]), float(row["new"]))
    except DAMAGED:
        return None


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, *DAMAGED):
        return None
