"""One process at a time."""

import errno
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from semsam_annotate.api.errors import BadInput

PATIENCE, PAUSE = 0.5, 0.02
"""Seconds that a lock is tried for, since whoever only looks at it shares it for a moment; seconds between tries."""


@contextmanager
def held(path: Path, refusal: str, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock file ``path``, or raise BadInput with ``refusal`` when another process does for ``patience`` s.

    The system lets go of it when the process dies, however it dies. BadInput, too, where the disk has no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _lock_file(path) as file:
        end = time.monotonic() + patience
        while not _mine(file, path):
            if time.monotonic() > end:
                raise BadInput(refusal)
            time.sleep(PAUSE)
        yield


def _lock_file(path: Path) -> IO[str]:
    """Made if it is not there; another user's serves too, though it cannot be written."""
    try:
        return path.open("a")
    except PermissionError:
        if not path.exists():
            raise
        return path.open("r")


def _mine(file: IO[str], path: Path) -> bool:
    try:
        return _taken(file)
    except OSError as error:
        raise BadInput(f"{path} cannot be locked ({error.strerror}): this needs a disk that has locks") from error


def is_held(path: Path) -> bool:
    """Whether a process holds the lock file, another user's too; one that is not there is held by nobody."""
    try:
        with path.open("r+" if sys.platform == "win32" else "r") as file:
            return not _taken(file, shared=True)
    except PermissionError:  # nobody can tell
        return True
    except OSError:
        return False


def _taken(file: IO[str], shared: bool = False) -> bool:
    """Lock an open file until it is closed; False when somebody else has. ``shared``: among those who only look.

    OSError where the disk has no locks.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            raise
        return False
    return True
