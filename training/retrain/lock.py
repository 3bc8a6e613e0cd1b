"""One retraining of a project at a time."""

from contextlib import AbstractContextManager
from pathlib import Path

from semsam_annotate.training.lock import held


def only_one(folder: Path) -> AbstractContextManager[None]:
    """Hold the lock of a project's models."""
    return held(folder / ".retrain.lock", f"a retraining of this project is already running ({folder})")
