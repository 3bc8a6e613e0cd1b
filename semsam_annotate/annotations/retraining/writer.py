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
from semsam_annotate.annotations.retrain_config import KEEP
from semsam_annotate.annotations.retraining.run import (
    FAILED,
    FINISHED,
    PUT_BY,
    RUNS,
    STOPPED,
    WORK,
    Run,
    last_finished,
    runs,
)
from semsam_annotate.api import SemsamError

_REQUEST = ".retrain-put-by"

_PROMOTING = 60.0
"""Seconds after which a file of promotions that is still half written has no writer any more."""


class PutBy(SemsamError):
    """A training was asked to end for now; the next one goes on from its last step."""


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

    @property
    def run(self) -> Run:
        """The same, as those who watch see it."""
        return runs(self.folder.parent.parent)[-1]

    def check(self) -> None:
        """Raise PutBy when this run was asked to end for now (``put_by``)."""
        try:
            asked = (self.folder.parent.parent / _REQUEST).read_text(encoding="ascii")
        except (OSError, ValueError):
            return
        if asked == self.folder.name:
            raise PutBy("training is put by: the next one goes on from here")

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
        self._write("outcome.json", _outcome(state, message, report))

    def _write(self, name: str, content: Any) -> None:
        write_atomically(self.folder / name, json.dumps(content, indent=1).encode())


def put_by(models: Path) -> None:
    """Ask the training that goes on to end for now, after its step; it keeps what the next one needs to go on."""
    found = runs(models)
    if found and found[-1].outcome is None:
        write_atomically(models / _REQUEST, found[-1].folder.name.encode("ascii"))


def stopped(run: Run) -> None:
    """Write down that a person stopped a run which does not end by itself, and is about to be killed."""
    write_atomically(run.folder / "outcome.json", json.dumps(_outcome(STOPPED)).encode())


def _outcome(state: str, message: str = "", report: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"state": state, "message": message, "report": report or {}}


@contextmanager
def recorded(models: Path, keep: int = KEEP) -> Iterator[RunWriter]:
    """A new run's writer, for the process that holds the lock; what ends it is written down, then goes on.

    ``keep``: folders that stay, the newest, 0 all; and the last that came to a verdict.
    """
    folder = _new_folder(models / RUNS)
    who = {"started": now(), "pid": os.getpid(), "host": socket.gethostname()}
    write_atomically(folder / "run.json", json.dumps(who).encode())
    _clear(models, keep)
    with (folder / "progress.jsonl").open("a", encoding="utf-8") as progress:
        run = RunWriter(folder, progress)
        try:
            yield run
        except PutBy:
            run.end(PUT_BY)
            raise
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


def _clear(models: Path, keep: int) -> None:
    """Take away what killed retrainings left behind, but for their work, and old runs."""
    for left in (*models.glob(".retrain-*"), *models.glob("*.part")):
        if left.is_dir() and left.name != WORK:
            shutil.rmtree(left, ignore_errors=True)
            continue
        with suppress(OSError):  # somebody promotes at this moment
            if left.is_file() and (left.name == _REQUEST or time.time() - left.stat().st_mtime > _PROMOTING):
                left.unlink()
    for place in (models / RUNS).iterdir():
        clear_unfinished(place)
    for run in runs(models)[:-1]:  # the last one is this one's own
        told = run.page.is_file()  # perhaps of the model that serves
        if run.outcome is None and not run.elsewhere and not told:
            shutil.rmtree(run.folder, ignore_errors=True)
    last = last_finished(models)
    numbers = sorted(_numbers(models / RUNS))
    for number in numbers[:-keep] if keep else ():
        if last is None or number != last.number:
            shutil.rmtree(models / RUNS / f"{number:04d}", ignore_errors=True)


def _numbers(place: Path) -> list[int]:
    return [int(path.name) for path in place.iterdir() if path.name.isdigit()]
