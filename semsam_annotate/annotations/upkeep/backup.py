"""A copy of a project's store while people work in it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from semsam_annotate.annotations.connection import database_file, explained
from semsam_annotate.annotations.folders import new_folder
from semsam_annotate.annotations.project import Project
from semsam_annotate.annotations.project_config import read_config, write_config
from semsam_annotate.annotations.upkeep.copying import copy_store, writing
from semsam_annotate.api import BadInput


def back_up(project: Project, out: Path, progress: Callable[[int, int], None] | None = None) -> Path:
    """Write ``project.toml`` and the store, as both are at one moment, into the new folder ``out``; the store's copy.

    Writers go on meanwhile; what they write from then on is not in the copy. BadInput for a store on a server, and when
    ``out`` is there already.
    """
    database = store_file(project)
    if database is None:
        raise BadInput("the store is on a PostgreSQL server, which makes its own backups: pg_dump --format=custom URL")
    plain = (project.folder / "project.toml").read_bytes()
    with writing(out), new_folder(out) as folder:
        (folder / "project.toml").write_bytes(plain)
        config = read_config(folder / "project.toml")
        if config.store != database.name:  # elsewhere: the copy must not lead to the store that is worked in
            write_config(folder / "project.toml", replace(config, store=database.name))
        with one_moment(database) as source:
            copy_store(source, folder / database.name, progress, out)
    return out / database.name


def store_file(project: Project) -> Path | None:
    """The SQLite file of a project's store, None for one on a server."""
    return database_file(project.store.engine.url)


@contextmanager
def one_moment(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a SQLite store whose open read transaction keeps every page as it was, whoever writes."""
    with explained(database), closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as source:
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM semsam_schema").fetchone()
        yield source
