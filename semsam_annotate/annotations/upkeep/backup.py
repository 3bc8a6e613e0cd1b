"""A copy of a project's store while people work in it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from semsam_annotate.annotations.connection import explained
from semsam_annotate.annotations.folders import new_folder
from semsam_annotate.annotations.project import Project
from semsam_annotate.annotations.project_config import read_config, write_config
from semsam_annotate.api import BadInput

PAGES_AT_ONCE = 2000
"""Of the database file; progress is told as often."""


def back_up(project: Project, out: Path, progress: Callable[[int, int], None] | None = None) -> Path:
    """Write ``project.toml`` and the store, as both are at one moment, into the new folder ``out``; the store's copy.

    Writers go on meanwhile; what they write from then on is not in the copy. BadInput for a store on a server, and when
    ``out`` is there already.
    """
    database = store_file(project)
    if database is None:
        raise BadInput("the store is on a PostgreSQL server, which makes its own backups: pg_dump --format=custom URL")
    with new_folder(out) as folder:
        (folder / "project.toml").write_bytes((project.folder / "project.toml").read_bytes())
        config = read_config(folder / "project.toml")
        if config.store != database.name:  # elsewhere: the copy must not lead to the store that is worked in
            write_config(folder / "project.toml", replace(config, store=database.name))
        copy_store(project, database, folder / database.name, progress)
    return out / database.name


def store_file(project: Project) -> Path | None:
    """The SQLite file of a project's store, None for one on a server."""
    url = project.store.engine.url
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def copy_store(
    project: Project, database: Path, target: Path, progress: Callable[[int, int], None] | None = None
) -> None:
    """Copy a SQLite store to a new file. The open read transaction keeps every page as it was, whoever writes.

    BadInput where its folder is not there.
    """
    if not target.parent.is_dir():
        raise BadInput(f"there is no folder {target.parent} for the copy")

    def tell(_status: int, left: int, total: int) -> None:
        if progress is not None:
            progress(total - left, total)

    with (
        explained(project.store.engine),
        closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM semsam_schema").fetchone()
        source.backup(copy, pages=PAGES_AT_ONCE, progress=tell)
        source.execute("COMMIT")
        copy.execute("PRAGMA journal_mode=DELETE")  # one file that is whole by itself
