"""Wiping what was deleted from a store's files."""

import sqlite3
from typing import Any

from sqlalchemy import Engine, text

from semsam_annotate.annotations.connection import explained

_PATIENCE = 2000
"""Milliseconds that the wiping waits for other programs."""


def wiped(engine: Engine) -> bool:
    """Have the database wipe the places where deleted rows lay; False where a SQLite file is still being read."""
    if engine.dialect.name == "postgresql":
        with explained(engine), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM annotation, event, journal"))
        return True
    with explained(engine), engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        raw.execute(f"PRAGMA busy_timeout={_PATIENCE}")
        try:
            raw.execute("VACUUM")
            return bool(raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
        except sqlite3.OperationalError:  # somebody reads
            return False
        finally:
            connection.invalidate()
