"""Who runs a project's loop: one process, by a lock and a heartbeat, and what it said last."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.drafts import now
from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.annotations.retraining.plan import Decision
from semsam_annotate.annotations.retraining.run import STALE
from semsam_annotate.api import BadInput
from semsam_annotate.api.errors import DAMAGED
from semsam_annotate.api.lock import held, is_held

LOOP_LOCK, LOOP_FILE = ".loop.lock", "loop.json"


@dataclass(frozen=True)
class Runner:
    """A process that runs the loop; ``since``: ISO 8601, UTC; ``beat``: its last heartbeat, seconds since 1970;
    ``decision``: what it decided then."""

    pid: int
    host: str
    since: str
    beat: float
    decision: Decision | None = None

    @property
    def who(self) -> str:
        """Such as "process 4711 on mill, since 2026-11-29 14:03"."""
        try:
            since = f"{datetime.fromisoformat(self.since).astimezone():%Y-%m-%d %H:%M}"
        except ValueError:
            since = self.since
        return f"process {self.pid} on {self.host}, since {since}"


def runner_of(models: Path) -> Runner | None:
    """Who runs the loop of a project now; None when nobody does. ``models``: its folder of models."""
    found = _read(models)
    if found is None:
        return None
    if found.host == socket.gethostname():
        return found if is_held(models / LOOP_LOCK) else None
    return found if abs(time.time() - found.beat) < STALE else None  # its clock may have been wrong, either way


@contextmanager
def running(models: Path) -> Iterator[Callable[[Decision], None]]:
    """Be the one runner; gives the heartbeat. BadInput names a live one; one that was killed is taken over."""
    other = runner_of(models)
    if other is not None:
        raise BadInput(f"the loop of this project runs already: {other.who}")
    with held(models / LOOP_LOCK, f"the loop of this project runs already ({models / LOOP_LOCK})"):
        began = now()

        def beat(decision: Decision) -> None:
            row = {"pid": os.getpid(), "host": socket.gethostname(), "since": began, "beat": round(time.time(), 3)}
            write_atomically(models / LOOP_FILE, json.dumps({**row, "decision": decision.to_json()}).encode())

        beat(Decision("wait", "it has just begun"))
        try:
            yield beat
        finally:
            (models / LOOP_FILE).unlink(missing_ok=True)


def _read(models: Path) -> Runner | None:
    try:
        row: Any = json.loads((models / LOOP_FILE).read_bytes())
        who = int(row["pid"]), str(row["host"]), str(row["since"]), float(row["beat"])
        return Runner(*who, Decision.from_json(row.get("decision")))
    except (OSError, *DAMAGED):
        return None
