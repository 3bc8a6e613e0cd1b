"""Writing down a retraining as it goes."""

import json
import os
import shutil
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from semsam_annotate.annotations.drafts import now
from semsam_annotate.annotations.files import clear_unfinished, write_atomically
from semsam_annotate.annotations.retraining.run import FAILED, FINISHED, RUNS, STOPPED, last_finished
from semsam_annotate.api import SemsamError

KEPT = 10
"""Folders that are kept, the newest; and the last that came to a verdict."""


_PROMOTING = 60.0
"""Seconds after which a file of promotions that is still half written has no writer any more."""


class RunWriter:
    """Writes the folder of one run; ``pictures``: where its pictures belong."""

    def __init__(self, folder: Path, progress: IO[str]) -> None:
        self.folder, self._progress = folder, progress
        self.pictures = folder / "pictures"

    def mark(self, what: str, done: int, total: int, loss: float | None = None) -> None:
        """So many steps of something are done; ``loss``: of a step of training."""
        row: dict[str, Any] = {"what": what, "done": done, "total": total, "time": round(time.time(), 3)}
        self._progress.write(json.dumps(row if loss is None else {**row, "loss": round(loss, 5)}) + "\n")
        self._progress.flush()

    def took(self, ids: Iterable[str]) -> None:
        """These accepted masks are what it learns from and is judged by."""
        self._write("masks.json", list(ids))

    def drew(self, rows: Sequence[dict[str, Any]]) -> None:
        """These pictures are there: ``name``, file names ``before`` and ``after``, IoUs ``old`` and ``new``."""
        self._write("pictures/pictures.json", rows)

    def finish(self, report: dict[str, Any]) -> None:
        """It came to a verdict."""
        self.end(FINISHED, report=report)

    def end(self, state: str, message: str = "", report: dict[str, Any] | None = None) -> None:
        """How it ended."""
        self._write("outcome.json", {"state": state, "message": message, "report": report or {}})

    def _write(self, name: str, content: Any) -> None:
        write_atomically(self.folder / name, json.dumps(content, indent=1).encode())


@contextmanager
def recorded(models: Path) -> Iterator[RunWriter]:
    """A new run's writer, for the process that holds the lock; what ends it is written down, then goes on."""
    folder = _new_folder(models / RUNS)
    who = {"started": now(), "pid": os.getpid(), "host": socket.gethostname()}
    write_atomically(folder / "run.json", json.dumps(who).encode())
    _clear(models)
    with (folder / "progress.jsonl").open("a", encoding="utf-8") as progress:
        run = RunWriter(folder, progress)
        try:
            yield run
        except SemsamError as error:
            run.end(FAILED, str(error))
            raise
        except Exception as error:
            run.end(FAILED, f"{type(error).__name__}: {error}")
            raise
        except BaseException:
            run.end(STOPPED)
            raise


def _new_folder(place: Path) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    folder = place / f"{1 + max(_numbers(place), default=0):04d}"
    (folder / "pictures").mkdir(parents=True)
    return folder


def _clear(models: Path) -> None:
    """Take away what killed retrainings left behind, and old runs."""
    for left in (*models.glob(".retrain-*"), *models.glob("*.part")):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
            continue
        with suppress(FileNotFoundError):  # somebody promotes at this moment
            if time.time() - left.stat().st_mtime > _PROMOTING:
                left.unlink()
    for place in (models / RUNS).iterdir():
        clear_unfinished(place)
    last = last_finished(models)
    numbers = sorted(_numbers(models / RUNS))[:-KEPT]
    for number in numbers:
        if last is None or number != last.number:
            shutil.rmtree(models / RUNS / f"{number:04d}", ignore_errors=True)


def _numbers(place: Path) -> list[int]:
    return [int(path.name) for path in place.iterdir() if path.name.isdigit()]
