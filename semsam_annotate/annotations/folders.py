"""Writing folders complete or not at all."""

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from semsam_annotate.api import BadInput

_ENDING = ".unfinished"
_ABANDONED = 3600.0
"""Seconds after which an unfinished folder beside a new one belongs to a writer that was killed."""


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which lies hidden beside ``path`` and is moved there at the end; taken away when that fails.

    BadInput when something is at ``path`` already (an empty folder aside) or the folder around it is missing.
    """
    _check(path)
    path = path.resolve()
    with hidden_folder(path) as temporary:
        yield temporary
        _sync(temporary)
        if path.is_dir():
            path.rmdir()
        os.rename(temporary, path)


@contextmanager
def hidden_folder(path: Path) -> Iterator[Path]:
    """A folder beside ``path`` for what is on its way there; taken away at the end, with what killed writers left."""
    _clear(path)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}{_ENDING}")
    temporary.mkdir()
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _check(path: Path) -> None:
    if not path.absolute().parent.is_dir():
        raise BadInput(f"the folder to write into does not exist: {path.parent}")
    if path.is_dir() and not any(path.iterdir()):
        return
    if os.path.lexists(path):
        raise BadInput(f"{path} is there already: a new folder is written, name one that is not there yet")


def _clear(path: Path) -> None:
    for old in path.parent.glob(f".*{_ENDING}"):
        with suppress(OSError):
            if old.name.startswith(f".{path.name}.") and old.stat().st_mtime < time.time() - _ABANDONED:
                shutil.rmtree(old)


def _sync(folder: Path) -> None:
    """Every file to the disk before the folder gets its name."""
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDWR)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
