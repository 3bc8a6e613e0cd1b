"""One process fails, all end, and a person reads one line."""

import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch.distributed as dist
from torch.distributed.distributed_c10d import Store

from semsam_annotate.api import SemsamError

PATIENCE = 2.0
"""Seconds that a process stays for the others: torchrun ends all of them as soon as the first one is gone."""


class TrainingFailed(SemsamError, RuntimeError):
    """A process of a run failed for a reason that nobody foresaw."""


@contextmanager
def failing_together(store: Store, rank: int, size: int, out: Path) -> Iterator[None]:
    """Raise the error of the process that failed first there, with its number; end the others without a word.

    What was not foreseen leaves its traceback in ``out``/failure.txt.
    """
    try:
        yield
    except Exception as error:
        if not _first(store, rank):
            time.sleep(PATIENCE)
            raise SystemExit(2) from None
        told = _told(error, rank, size, out)
        if rank == 0:
            time.sleep(PATIENCE)  # the others ask the store, which this process may be keeping
        raise told from error


def _first(store: Store, rank: int) -> bool:
    mine = str(rank)
    try:
        return bool(store.compare_set("failed", "", mine).decode() == mine)
    except (RuntimeError, ValueError):
        return True  # whoever kept the store is gone, without a word


def _told(error: Exception, rank: int, size: int, out: Path) -> SemsamError:
    who = f"process {rank + 1} of {size}"
    if isinstance(error, SemsamError):
        return type(error)(f"{who}: {error}")
    out.mkdir(parents=True, exist_ok=True)
    (out / "failure.txt").write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    if isinstance(error, dist.DistError) or "gloo" in str(error) or "Connection closed" in str(error):
        return TrainingFailed(f"{who} lost another one, which ended without a word (killed, or out of memory?)")
    return TrainingFailed(f"{who} failed: {type(error).__name__}: {error} (traceback in {out / 'failure.txt'})")
