"""Whether a SQLite file is whole, and where it is not."""

import sqlite3
from collections.abc import Iterator

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from semsam_annotate.annotations.connection import reason_code
from semsam_annotate.annotations.upkeep.copying import DAMAGE
from semsam_annotate.annotations.upkeep.problem import SHOWN, Problem

FILE = "the database file is damaged"
"""Kind of these problems. Entries of indices can be made again from the tables, pages cannot."""

_HEAD = "*** in database"
"""Begins a line above those that name pages."""


def file_damage(connection: Connection) -> Iterator[Problem]:
    """What SQLite finds wrong with its file; a server looks after its own."""
    if connection.dialect.name != "sqlite":
        return
    lines = _found(connection, "integrity_check")
    if lines is None:  # pages are damaged so that even looking through them fails
        lines = [line for table in _tables(connection) for line in _found_in(connection, table)]
    if lines:
        yield Problem(FILE, len(lines), tuple(lines[:SHOWN]), repairable=all("index" in line for line in lines))


def _found_in(connection: Connection, table: str) -> list[str]:
    """Damaged pages of a table and its indices."""
    lines = _found(connection, f"quick_check('{table}')")
    return [f"table {table} cannot be read"] if lines is None else lines


def _tables(connection: Connection) -> list[str]:
    rows = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [str(row[0]) for row in rows]


def _found(connection: Connection, pragma: str) -> list[str] | None:
    """Lines that name what is wrong; None where that itself cannot be read."""
    try:
        rows = [str(row[0]) for row in connection.exec_driver_sql(f"PRAGMA {pragma}")]
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error) and reason_code(error.orig) in DAMAGE:
            return None
        raise
    return [line for row in rows for line in row.splitlines() if line != "ok" and not line.startswith(_HEAD)]
