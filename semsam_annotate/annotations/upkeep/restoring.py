"""Putting a backup in the place of what a project holds: at any moment it has the old store or the new one."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from semsam_annotate.annotations.connection import (
    database_file,
    explained,
    reason_code,
    store_url,
    transaction,
)
from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.annotations.folders import hidden_folder
from semsam_annotate.annotations.project_config import ProjectConfig, read_config, write_config
from semsam_annotate.annotations.store import AnnotationStore
from semsam_annotate.annotations.upkeep.copying import DAMAGE, copy_pages, copy_store, dated, writing
from semsam_annotate.annotations.upkeep.trail import RESTORE, note
from semsam_annotate.api import BadInput

_Progress: TypeAlias = Callable[[int, int], None]

_LOGS = ("-wal", "-journal")
"""Endings of what SQLite writes beside a file and plays back into it, whatever lies there by then."""

_PATIENCE = 2.0
"""Seconds to wait for other programs."""


@dataclass(frozen=True)
class Restored:
    """Where the ``store`` is, and the files that were ``kept`` of what was there."""

    store: Path
    kept: tuple[Path, ...]


def restore(backup: Path, folder: Path, progress: _Progress | None = None) -> Restored:
    """Put the store and ``project.toml`` of a backup in the place of those of the project in ``folder``.

    The backup is copied, looked through and brought to the newest schema before anything is touched. BadInput when it
    is not whole, when another program has the store open, and for a store on a server.
    """
    config = read_config(backup / "project.toml")
    source = _backed_up(backup, config)
    wanted = replace(config, store=_stored(folder, config))
    live = database_file(store_url(wanted.store_in(folder)))
    if live is None:
        raise BadInput(
            "the store is on a PostgreSQL server, which restores its own dumps: pg_restore --clean -d URL FILE"
        )
    if live.exists() and live.samefile(source):
        raise BadInput(f"{backup} is the project itself: name the folder of a backup")
    with explained(live), writing(live), hidden_folder(live) as room:
        staged = _staged(source, room / live.name, live, progress)
        kept = _put_in(staged, live, progress)
    kept += _put_config(backup / "project.toml", folder / "project.toml", None if wanted == config else wanted)
    return Restored(live, tuple(kept))


def _backed_up(backup: Path, config: ProjectConfig) -> Path:
    source = config.store_in(backup)
    if not isinstance(source, Path) or not source.is_file():
        raise BadInput(f"{backup} is no backup: {config.store}, the store that its project.toml names, is not in it")
    return source


def _stored(folder: Path, config: ProjectConfig) -> str:
    """Where the project says that its store is, for it may be elsewhere; the backup's word where that is lost."""
    if not folder.is_dir():
        raise BadInput(f"there is no folder {folder}: make one for the project, or name that of a project")
    try:
        return read_config(folder / "project.toml").store
    except BadInput:
        return config.store


def _staged(source: Path, staged: Path, live: Path, progress: _Progress | None) -> Path:
    """A copy of the backup's store, made on its way to ``live``, that is known to be whole and of the newest schema."""
    with explained(source), closing(_read_only(source)) as old:
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM semsam_schema").fetchone()
        wrong = old.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if wrong != "ok":
            raise BadInput(f"the backup {source} is damaged, and nothing was changed: {wrong}")
        copy_store(old, staged, progress, live)
    with AnnotationStore.open(staged) as store, transaction(store.engine, write=True) as connection:
        note(connection, RESTORE, {})
    with closing(sqlite3.connect(staged)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")
    return staged


def _read_only(file: Path) -> sqlite3.Connection:
    """Nothing is written beside the file, which may lie on a read-only disk; unless a log of its own lies there."""
    logged = any(log.exists() and log.stat().st_size for log in _beside(file))
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro{'' if logged else '&immutable=1'}", uri=True)


def _beside(file: Path) -> list[Path]:
    return [file.with_name(file.name + ending) for ending in _LOGS]


def _put_in(staged: Path, live: Path, progress: _Progress | None) -> list[Path]:
    """Put the new content in, in one transaction of the file where SQLite can work with it; what is kept of the old."""
    kept = dated(live, "before-restore")
    if live.exists():
        try:
            with _alone(live) as store:
                copy_store(store, staged.with_name(kept.name), told=kept)
                os.replace(staged.with_name(kept.name), kept)
                with _dropped_on_failure([kept]), closing(sqlite3.connect(staged)) as new:
                    copy_pages(new, store, progress)
            return [kept]
        except sqlite3.DatabaseError as error:
            if reason_code(error) not in DAMAGE:
                raise
    return _replace(staged, live, kept)


@contextmanager
def _alone(live: Path) -> Iterator[sqlite3.Connection]:
    """The only connection to a store, until it is closed. What a killed program left in the log is in the file then."""
    with closing(sqlite3.connect(live, timeout=_PATIENCE, isolation_level=None)) as store:
        try:
            store.execute("PRAGMA locking_mode=EXCLUSIVE")
            store.execute("PRAGMA journal_mode=DELETE")  # refused while anybody else has it open
            store.execute("BEGIN EXCLUSIVE")
            store.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if reason_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise BadInput(
                    f"{live} is open in another program (a window, a server, a loop): close it, then restore"
                ) from error
            raise
        yield store


def _replace(staged: Path, live: Path, kept: Path) -> list[Path]:
    """For a file that is not there, or so damaged that no program can work with it; its logs go with it."""
    files = [old for old in (live, *_beside(live)) if old.exists()]
    copies = [kept.with_name(kept.name + old.name[len(live.name) :]) for old in files]
    with _dropped_on_failure(copies):
        for old, copy in zip(files, copies, strict=True):
            shutil.copyfile(old, copy)
    for log in (*_beside(live), live.with_name(f"{live.name}-shm")):
        log.unlink(missing_ok=True)
    os.replace(staged, live)
    return copies


@contextmanager
def _dropped_on_failure(copies: list[Path]) -> Iterator[None]:
    """Copies of what is still there and as it was are worth nothing, and a half one is worse."""
    try:
        yield
    except BaseException:
        for copy in copies:
            copy.unlink(missing_ok=True)
        raise


def _put_config(given: Path, ours: Path, wanted: ProjectConfig | None) -> list[Path]:
    """Write ``wanted``, or the same bytes as in the backup; what was kept of another one."""
    new, kept = given.read_bytes(), []
    if ours.exists() and ours.read_bytes() != new:
        kept.append(dated(ours, "before-restore"))
        write_atomically(kept[0], ours.read_bytes())
    if wanted is None:
        write_atomically(ours, new)
    else:
        write_config(ours, wanted)
    return kept
