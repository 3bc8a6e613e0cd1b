"""A prototype memory on disk: one SQLite file, a row a prototype, its vector as half-precision numbers.

SQLite's rollback journal makes every change complete or absent, also after a ``kill -9`` or on a network drive, and a
new prototype costs one row, where a tensor file would have to be written anew. Nothing in the file is ever unpickled.
"""

import logging
import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import BadInput
from semsam_annotate.model.prototypes.prototype import FloatRows, Prototype

log = logging.getLogger("semsam.prototypes")
BUSY_SECONDS = 10.0
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS prototype (id TEXT PRIMARY KEY, change INTEGER NOT NULL UNIQUE, object TEXT, part TEXT,"
    " vector BLOB)",
)
_PUT = (
    "INSERT INTO prototype (id, change, object, part, vector)"
    " VALUES (?, (SELECT coalesce(max(change), 0) + 1 FROM prototype), ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET change = excluded.change, object = excluded.object, part = excluded.part,"
    " vector = excluded.vector WHERE prototype.change <= ?"
)
_ALWAYS = 1 << 62


class _Damaged(Exception):
    """The file is not what this class writes."""


@dataclass(frozen=True)
class Changes:
    """What became of prototypes, oldest first; ``last``: number of the last change, counted up by every writer.

    ``forgotten``: ids whose rows stay, without names and vectors, so that other processes hear of it. ``vectors``
    (len(prototypes), dim) float32.
    """

    last: int
    forgotten: list[str]
    prototypes: list[Prototype]
    vectors: FloatRows


class PrototypeFile:
    """Rows by record id. A damaged file is moved aside and begun anew: its rows can be made again from the records."""

    def __init__(self, path: Path, version: str, dim: int) -> None:
        """Open or create; BadInput when the folder cannot be written or the file is of another version."""
        self.path, self.version, self.dim = path, version, dim
        self._first: Changes | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"the folder {path.parent} of the prototype memory cannot be made: {error}") from error
        try:
            self._connection = self._open()
        except _Damaged as error:
            aside = path.with_name(f"{path.name}.damaged")
            log.warning("%s is damaged (%s): kept as %s; it is filled anew from the records", path, error, aside.name)
            os.replace(path, aside)
            path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
            self._connection = self._open()

    def put(self, rows: Iterable[tuple[Prototype, NDArray[np.float32]]], unless_after: int | None = None) -> None:
        """Write prototypes in one transaction; not over changes with a number later than ``unless_after``."""
        bound = _ALWAYS if unless_after is None else unless_after
        self._write(
            _PUT, [(row.id, row.object, row.part, vector.astype("<f2").tobytes(), bound) for row, vector in rows]
        )

    def forget(self, ids: Iterable[str]) -> None:
        """Take names and vectors of records away in one transaction."""
        self._write(_PUT, [(id, None, None, None, _ALWAYS) for id in ids])

    def changes(self, after: int) -> Changes:
        """What happened after a change; BadInput when the file was damaged since it was opened."""
        if after == 0 and self._first is not None:
            first, self._first = self._first, None
            return first
        try:
            return self._read(self._connection, after)
        except (sqlite3.Error, _Damaged) as error:
            raise BadInput(f"the prototype memory {self.path} cannot be read ({error}): open it again") from error

    def writes_elsewhere(self) -> int:
        """A number that changes when another process has written."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close the file; calling it twice is fine."""
        self._connection.close()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=16
        )
        try:
            connection.execute("PRAGMA synchronous = FULL")
            self._prepare(connection)
            self._check(connection)
        except sqlite3.DatabaseError as error:
            connection.close()
            if (getattr(error, "sqlite_errorcode", 0) & 0xFF) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise _Damaged(str(error)) from error
            raise BadInput(f"the prototype memory {self.path} cannot be opened: {error}") from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA:
            connection.execute(statement)
        about = {"version": self.version, "dim": str(self.dim), "format": "1"}
        connection.executemany("INSERT OR IGNORE INTO about VALUES (?, ?)", about.items())
        connection.execute("COMMIT")

    def _check(self, connection: sqlite3.Connection) -> None:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(prototype)")]
        if columns != ["id", "change", "object", "part", "vector"]:
            raise _Damaged("it has another table")
        about = dict(connection.execute("SELECT key, value FROM about"))
        if about["version"] != self.version or about["dim"] != str(self.dim):
            raise BadInput(
                f"{self.path} holds vectors of {about['version']} with {about['dim']} numbers, not of {self.version}"
                f" with {self.dim}: fill a memory of its own for each model"
            )
        self._first = self._read(connection, 0)

    def _read(self, connection: sqlite3.Connection, after: int) -> Changes:
        query = "SELECT change, id, object, part, vector FROM prototype WHERE change > ? ORDER BY change"
        last, forgotten, prototypes, blobs = after, [], [], []
        for number, id, object, part, vector in connection.execute(query, (after,)):
            if not isinstance(number, int) or not isinstance(id, str):
                raise _Damaged("a row has no id")
            last = number
            if vector is None:
                forgotten.append(id)
                continue
            if not isinstance(vector, bytes) or len(vector) != 2 * self.dim:
                raise _Damaged(f"the vector of {id} has not {self.dim} numbers")
            try:
                prototypes.append(Prototype(id, object, part))
            except BadInput as error:
                raise _Damaged(str(error)) from error
            blobs.append(vector)
        vectors = np.frombuffer(b"".join(blobs), "<f2").reshape(-1, self.dim).astype(np.float32)
        if not np.isfinite(vectors).all():
            raise _Damaged("a vector is not finite")
        return Changes(last, forgotten, prototypes, vectors)

    def _write(self, statement: str, rows: list[tuple[object, ...]]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(statement, rows)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise BadInput(f"the prototype memory {self.path} cannot be written: {error}") from error
