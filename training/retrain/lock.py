"""One retraining of a project at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from semsam_annotate.annotations.retraining.run import LOCK, runs
from semsam_annotate.api import BadInput
from semsam_annotate.api.lock import held


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the lock of a project's models; BadInput where another retraining runs, here or on another machine."""
    with held(folder / LOCK, f"a retraining of this project is already running ({folder})"):
        found = runs(folder)
        if found and found[-1].elsewhere:
            raise BadInput(f"a retraining of this project is already running on {found[-1].host} ({folder})")
        yield
