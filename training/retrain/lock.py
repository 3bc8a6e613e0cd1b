"""One retraining of a project at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from semsam_annotate.api import BadInput


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the lock of a project's models; the system lets go of it when the process dies, however it dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".retrain.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BadInput(f"a retraining of this project is already running ({folder})") from error
        yield
