"""Opening the store's database, and saying in one line what is wrong with it."""

import json
import re
import sqlite3
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as NoneFree

from semsam_annotate.api import BadInput, SemsamError

NETWORK_FILE_SYSTEMS = frozenset(
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb",
        "smb2",
        "smb3",
        "smbfs",
        "9p",
        "afs",
        "ceph",
        "fuse.sshfs",
        "fuse.glusterfs",
        "glusterfs",
        "lustre",
        "beegfs",
        "gpfs",
        "davfs",
        "fuse.davfs",
        "fuse.rclone",
        "fuse.s3fs",
        "vboxsf",
        "drvfs",
        "fuse.vmhgfs-fuse",
        "prl_fs",
        "virtiofs",
    ]
)
"""Where the shared memory that WAL needs is missing or not coherent between machines."""


class StoreUnavailable(SemsamError, RuntimeError):
    """The store cannot be read or written: read-only or full disk, locked, damaged, server down."""


class StoreWarning(UserWarning):
    """The store works, but less safely or less concurrently than it should."""


def store_url(where: Path | str) -> URL:
    """URL of a store given as a path of a SQLite file or as a database URL."""
    given = str(where)
    if "://" not in given:
        return URL.create("sqlite", database=str(Path(given).absolute()))
    try:
        url = make_url(given)
        if url.drivername in ("postgresql", "postgres"):
            url = url.set(drivername="postgresql+psycopg")
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        shown = re.sub(r"://[^/]*@", "://***@", given)  # no password on the screen or in a log
        raise BadInput(f"not a store: {shown!r} is neither a file nor a sqlite:// or postgresql:// URL") from error
    return url


def open_database(where: Path | str, file_system: str | None = None) -> Engine:
    """A SQLAlchemy engine for a store; ``file_system`` overrides what the system says the file lies on."""
    url = store_url(where)
    if url.get_backend_name() != "sqlite":
        return _open_server(url)
    path = database_file(url)
    if path is not None and not path.parent.is_dir():
        raise BadInput(f"the store's folder does not exist: {path.parent}")
    engine = create_engine(url, connect_args={"timeout": 30})
    journal = "WAL"
    if path is not None and (file_system or file_system_of(path)) in NETWORK_FILE_SYSTEMS:
        journal = "DELETE"
        warnings.warn(f"{path} is on a network drive: WAL is unsafe there, the store is slower", StoreWarning, 3)
    _prepare_sqlite(engine, journal)
    return engine


def database_file(url: URL) -> Path | None:
    """The SQLite file of a store, None for one on a server or in memory alone."""
    stored = url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:"
    return Path(str(url.database)) if stored else None


def _open_server(url: URL) -> Engine:
    try:
        return create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise BadInput(
            f"a PostgreSQL store needs its driver: pip install 'semsam-annotate[postgres]' ({error})"
        ) from error


def _prepare_sqlite(engine: Engine, journal: str) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are ours: the driver would begin them too late
        given = connection.execute(f"PRAGMA journal_mode={journal}").fetchone()[0]
        if journal == "WAL" and given not in ("wal", "memory"):
            warnings.warn(f"no WAL where the store lies (got {given}): the store is slower", StoreWarning, 2)
        connection.execute("PRAGMA synchronous=FULL")  # in WAL mode only FULL syncs every commit
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("semsam_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def file_system_of(path: Path) -> str:
    """Type of the file system that a file lies on, "" where the system does not tell."""
    if sys.platform == "win32":
        return "smb" if str(path.absolute()).startswith("\\\\") else ""
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    real = path.parent.resolve()
    best = ("", "")
    for line in mounts:
        _, folder, kind, *_ = line.split(" ")
        folder = folder.replace("\\040", " ")
        if real.is_relative_to(folder) and len(folder) >= len(best[0]):
            best = (folder, kind)
    return best[1]


@contextmanager
def transaction(engine: Engine, write: bool = False, steady: bool = False) -> Iterator[Connection]:
    """One transaction: committed when the block ends, rolled back when it raises, database errors in one line.

    ``steady``: everything read in it is from one moment, as it always is on SQLite.
    """
    with explained(engine), engine.connect() as connection:
        server = engine.dialect.name == "postgresql"
        options = {"isolation_level": "REPEATABLE READ"} if steady and server else {}
        chosen = connection.execution_options(semsam_write=write, **options)
        with chosen.begin():
            if write and server:
                chosen.execute(text("SELECT pg_advisory_xact_lock(7364736)"))  # one writer at a time, as on SQLite
            yield chosen


@contextmanager
def explained(where: Engine | Path) -> Iterator[None]:
    """Turn a database's complaint into ``StoreUnavailable`` with one line that names the store, an engine or a file."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise BadInput(f"{error.object!r} has a character that cannot be stored") from error
    except NoneFree as error:
        raise StoreUnavailable(f"store {_name(where)}: all of its connections are in use, try again") from error
    except DBAPIError as error:
        if _is_about_values(error):
            raise BadInput(f"store {_name(where)} does not take what was given: {_complaint(error)}") from error
        raise StoreUnavailable(f"store {_name(where)}: {_complaint(error)}") from error
    except (sqlite3.Error, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise StoreUnavailable(f"store {_name(where)}: {_complaint(error)}") from error


def _is_about_values(error: DBAPIError) -> bool:
    """Whether a server refuses a value, such as a text that is too long for its index, and would so at any time."""
    kind = getattr(error.orig, "sqlstate", None) or ""
    return error.connection_invalidated is False and (isinstance(error, DataError) or kind[:2] in ("22", "54"))


def reason_code(error: sqlite3.Error) -> int:
    """SQLite's primary code for what was wrong, 0 where it gives none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _name(where: Engine | Path) -> str:
    if isinstance(where, Path):
        return str(where)
    return str(where.url.database) if where.dialect.name == "sqlite" else where.url.render_as_string()


def _complaint(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError | RecursionError):
        return "a record is damaged; semsam project check names it"
    if isinstance(error, UnicodeDecodeError):  # of a damaged file SQLite's very message may be no text
        return _reason("malformed")
    return _reason(str(error.orig if isinstance(error, DBAPIError) else error))


def _reason(message: str) -> str:
    known = {
        "readonly database": "the disk or the file is read-only",
        "unable to open": "cannot be opened: the folder is read-only or missing",
        "disk is full": "the disk is full; what was accepted before is safe",
        "disk I/O error": "the disk cannot be written (full or failing); what was accepted before is safe",
        "not a database": "is not an annotation store (not a SQLite file, or damaged)",
        "no such table: semsam_schema": "is not an annotation store: it has other tables, or none",
        "malformed": "the file is damaged: semsam project check says where, semsam project restore puts a backup in",
        "locked": "another program has held it locked for 30 s",
    }
    plain = " ".join(message.split())
    return next((line for sign, line in known.items() if sign in plain), plain)
