"""Copying a SQLite store to a file, whole or not at all."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from semsam_annotate.annotations.connection import StoreUnavailable, reason_code
from semsam_annotate.annotations.folders import hidden_folder
from semsam_annotate.api import BadInput

PAGES_AT_ONCE = 2000
"""Of the database file; progress is told as often."""

DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
"""Codes of SQLite about a file that is not whole."""

_UNREAD = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ)
"""Codes about a file that is read."""


def copy_store(
    source: sqlite3.Connection,
    target: Path,
    progress: Callable[[int, int], None] | None = None,
    told: Path | None = None,
) -> None:
    """Copy a store, as its connection sees it, to ``target``, which is one file that is whole by itself.

    StoreUnavailable, with the name ``told`` or that of the target, where it cannot be written; nothing stays behind.
    BadInput where its folder is not there.
    """
    if not target.parent.is_dir():
        raise BadInput(f"there is no folder {target.parent} for the copy")
    with writing(told or target), hidden_folder(target) as folder:
        with closing(sqlite3.connect(folder / target.name)) as copy:
            copy_pages(source, copy, progress)
            copy.execute("PRAGMA journal_mode=DELETE")
        os.replace(folder / target.name, target)


def copy_pages(
    source: sqlite3.Connection, target: sqlite3.Connection, progress: Callable[[int, int], None] | None = None
) -> None:
    """Make all of an open store that of another, in one transaction there."""

    def tell(_status: int, left: int, total: int) -> None:
        if progress is not None:
            progress(total - left, total)

    source.backup(target, pages=PAGES_AT_ONCE, progress=tell)


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """One line that names ``target`` when it cannot be written; what is wrong with the file that is read goes on."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"{target} cannot be written: {error.strerror or error}") from error
    except sqlite3.Error as error:
        if reason_code(error) in DAMAGE or getattr(error, "sqlite_errorcode", 0) in _UNREAD:
            raise
        raise StoreUnavailable(f"{target} cannot be written: {error}") from error


def dated(path: Path, why: str) -> Path:
    """A new name beside ``path``, of this moment, for what it was."""
    stem = f"{path.stem}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    names = (path.with_name(f"{stem}{f'-{number}' if number else ''}.{why}{path.suffix}") for number in count())
    return next(name for name in names if not name.exists())
