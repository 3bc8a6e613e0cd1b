"""One process at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from semsam_annotate.api import BadInput


@contextmanager
def held(path: Path, refusal: str) -> Iterator[None]:
    """Hold the lock file ``path``, or raise BadInput with ``refusal`` when another process does.

    The system lets go of it when the process dies, however it dies.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BadInput(refusal) from error
        yield
