"""Mending what can be mended from the rest of the store, with a copy of everything made first."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.project import Project
from semsam_annotate.annotations.standing import rebuild
from semsam_annotate.annotations.upkeep.backup import one_moment, store_file
from semsam_annotate.annotations.upkeep.checking import check
from semsam_annotate.annotations.upkeep.copying import copy_store
from semsam_annotate.annotations.upkeep.file_damage import FILE
from semsam_annotate.annotations.upkeep.problem import Problem
from semsam_annotate.annotations.upkeep.trail import note
from semsam_annotate.api import BadInput


def repair(
    project: Project, copy: Path, problems: list[Problem], progress: Callable[[int, int], None] | None = None
) -> list[Problem]:
    """Mend the repairable ``problems``; what is still wrong then. The store is copied to ``copy`` before it is touched.

    Indices and sums are made anew from rows and events; no record and no event is changed. A store on a server is not
    copied: make a dump of it first. A file with damaged pages is left alone. BadInput when ``copy`` is there already.
    """
    pages = any(problem.kind == FILE and not problem.repairable for problem in problems)
    if pages or not any(problem.repairable for problem in problems):
        return problems
    database = store_file(project)
    if database is not None:
        if copy.exists():
            raise BadInput(f"{copy} is there already: name another file for the copy")
        with one_moment(database) as source:
            copy_store(source, copy)
    with transaction(project.store.engine, write=True) as connection:
        if database is not None:
            connection.execute(text("REINDEX"))
        rebuild(connection)
        note(connection, "repair", {problem.kind: problem.count for problem in problems if problem.repairable})
    return check(project.store, progress)
