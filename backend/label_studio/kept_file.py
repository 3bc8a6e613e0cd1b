"""The SQLite files that a server keeps: opened whole, with one line for what is wrong with them."""

import logging
import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from semsam_annotate.api import BadInput

log = logging.getLogger("semsam.backend.files")
CHECKED = 50_000_000
"""Bytes of a file up to which all of its pages are looked at, in less than a second."""
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class _NotWhole(sqlite3.DatabaseError):
    """What ``quick_check`` found; its code is the one that SQLite itself gives elsewhere."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


def open_kept(path: Path, tables: str, remedy: str | None = None) -> sqlite3.Connection:
    """Open or make a file with these tables, every commit synced to the disk; for use from any thread.

    Its owner alone may read it: Label Studio's webhooks carry tokens and passwords of its projects.
    A damaged one is set aside and begun anew; where what it holds matters, ``remedy`` says what a person is to do about
    it, and it is refused with BadInput. BadInput, too, for a place that cannot be written.
    """
    try:
        return _open(path, tables)
    except (OSError, sqlite3.Error, UnicodeDecodeError) as error:  # even the message may be damaged
        if remedy is not None and is_damage(error):
            raise BadInput(f"{path} is damaged ({error}): {remedy}") from error
        if not is_damage(error):
            raise BadInput(f"{path} cannot be opened: {error}") from error
        log.warning("%s is damaged (%s): a new one is begun, the old one is kept as %s", path, error, _set_aside(path))
    return _open(path, tables)


def is_damage(error: Exception) -> bool:
    """Whether the file is no longer what SQLite wrote."""
    return code_of(error) in _DAMAGED or isinstance(error, UnicodeDecodeError)


def code_of(error: Exception) -> int:
    """SQLite's primary result code, 0 when it gave none."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def _open(path: Path, tables: str) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):  # made before SQLite makes it, which would let others read
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        with suppress(PermissionError):  # somebody else's
            path.chmod(0o600)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.executescript(tables)
        if path.stat().st_size <= CHECKED:
            (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise _NotWhole(" ".join(str(found).split())[:200])
        return database
    except BaseException:
        with suppress(sqlite3.Error):
            database.close()
        raise


def _set_aside(path: Path) -> str:
    """Rename the file with what belongs to it; its new name."""
    there = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    for end in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + end).rename(there.with_name(there.name + end))
    return there.name
