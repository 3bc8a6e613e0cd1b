"""Writing files complete or not at all."""

import errno
import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_UNFINISHED = re.compile(r"\..+\.[0-9a-f]{8}")


def write_atomically(path: Path, data: bytes, mode: int = 0o666, synced: bool = True) -> None:
    """Write a file complete or not at all, see ``unfinished``."""
    with unfinished(path, mode, synced) as file:
        file.write(data)


@contextmanager
def unfinished(path: Path, mode: int = 0o666, synced: bool = True) -> Iterator[IO[bytes]]:
    """A file to fill beside its place, synced and moved there at the end; nothing stays behind when the disk refuses.

    ``mode``: who may read and write it, less what the process's umask takes away; never more at any moment. Not
    ``synced``, it outlives the process but perhaps no power cut, and nobody waits for the disk.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            yield file
            file.flush()
            if synced:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Where the disk refuses what is on its way to ``path``, say so of that.

    A full disk names no file, or the one that is copied there.
    """
    try:
        yield
    except OSError as error:
        hidden = (f".{path.name}.", f".{path.resolve().name}.")
        names = [str(name) for name in (error.filename, error.filename2) if name is not None]
        if names and not any(sign in name for name in names for sign in hidden):
            raise
        raise OSError(error.errno or errno.EIO, error.strerror or str(error), str(path)) from error


def clear_unfinished(folder: Path, seconds: float = 0.0, name: str = "") -> None:
    """Take away what killed writers left in a folder; ``seconds``: of that age or older, ``name``: of one file."""
    with suppress(OSError):
        for path in folder.iterdir():
            mine = path.name.startswith(f".{name}.") if name else True
            if mine and _UNFINISHED.fullmatch(path.name) and path.stat().st_mtime <= time.time() - seconds:
                path.unlink(missing_ok=True)
