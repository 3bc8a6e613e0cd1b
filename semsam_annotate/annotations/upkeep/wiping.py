"""Wiping what was deleted from a store's files.

From the deletion until that is done a SQLite file bears a mark, its ``user_version``, so that it can be done later.
"""

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, text

from semsam_annotate.annotations.connection import explained, reason_code

_PATIENCE = 2000
"""Milliseconds that the wiping waits for other programs."""

_READ = "other programs have the store open: close them and run this again"
_FULL = (
    "the disk is full or cannot be written: make room (twice the store's size, where temporary files go too) "
    "and run this again"
)
_WHY = {
    sqlite3.SQLITE_BUSY: _READ,
    sqlite3.SQLITE_LOCKED: _READ,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: _FULL,
}


def begin_wiping(connection: Connection) -> None:
    """In the transaction that deletes, before anything is: rows are overwritten, and the file is known as not wiped."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA secure_delete=ON"))
        connection.execute(text("PRAGMA user_version=1"))


def is_unwiped(connection: Connection) -> bool:
    """Whether something was deleted from the store and its file was not wiped since."""
    return connection.dialect.name == "sqlite" and connection.execute(text("PRAGMA user_version")).scalar_one() == 1


def wipe(engine: Engine) -> str:
    """Have the database wipe the places where deleted rows lay; what is in the way of that, nothing when it is done."""
    if engine.dialect.name == "postgresql":
        with explained(engine), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM annotation, event, journal"))
        return ""
    with explained(engine), engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        raw.execute(f"PRAGMA busy_timeout={_PATIENCE}")
        try:
            raw.execute("VACUUM")
            if raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] != 0:
                return _READ
            raw.execute("PRAGMA user_version=0")
            return ""
        except sqlite3.OperationalError as error:
            if reason_code(error) not in _WHY:
                raise
            return _WHY[reason_code(error)]
        finally:
            connection.invalidate()
