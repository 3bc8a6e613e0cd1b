"""One retraining of a project at a time."""

from contextlib import AbstractContextManager
from pathlib import Path

from semsam_annotate.annotations.lock import held
from semsam_annotate.annotations.retraining.run import LOCK


def only_one(folder: Path) -> AbstractContextManager[None]:
    """Hold the lock of a project's models."""
    return held(folder / LOCK, f"a retraining of this project is already running ({folder})")
