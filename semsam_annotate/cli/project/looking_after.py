"""``semsam project merge|forget|check|repair|backup|restore``."""

from pathlib import Path
from typing import Annotated

import typer

from semsam_annotate.api import BadInput
from semsam_annotate.cli.bars import bar
from semsam_annotate.cli.project.options import JsonOption, ProjectOption, answer


def merge(
    other: Annotated[Path, typer.Argument(help="Folder of the project whose work is to join this one.")],
    project: ProjectOption = Path(),
    json: JsonOption = False,
) -> None:
    """Bring another project's images, masks and their history into this one, without doubles, also when done twice."""
    from semsam_annotate.annotations import Project
    from semsam_annotate.annotations.upkeep.merging import merge as join

    with Project.open(project) as opened, Project.open(other) as given, bar("images") as show:
        report = join(opened, given, show)
    answer(json, report.to_json(), [report.line()])


def forget(
    author: Annotated[str, typer.Argument(help="Name of the author, as in the list of semsam project authors.")],
    yes: Annotated[bool, typer.Option("--yes", help="Really delete; without it, only what would go is told.")] = False,
    project: ProjectOption = Path(),
    json: JsonOption = False,
) -> None:
    """Delete an author's masks, prompts and steps for good, and the name everywhere else; nothing brings it back."""
    from semsam_annotate.annotations import Project
    from semsam_annotate.annotations.upkeep.forgetting import Forgotten, traces
    from semsam_annotate.annotations.upkeep.forgetting import forget as wipe
    from semsam_annotate.napari.state.workspace_file import workspaces_of

    with Project.open(project) as opened, bar("masks") as show:
        files = workspaces_of(opened.folder, author)
        try:
            found = wipe(opened, author, show) if yes else traces(opened, author)
        except BadInput:
            if not files:
                raise
            found = Forgotten(0, 0, 0, 0, wiped=True)
        for file in files if yes else ():
            file.unlink(missing_ok=True)
    numbers = {**found.counts, "workspaces": len(files)}
    counts = ", ".join(f"{number} {what}" for what, number in numbers.items())
    said = f"deleted: {counts}" if yes else f"would delete: {counts}; nothing was changed, --yes does it"
    still = f"not wiped from the store's file yet, {found.why}; " if found.why else ""
    after = still + "backups, exports, models and their memories (semsam models refresh) still know these masks"
    answer(json, {"deleted": yes, "wiped": found.wiped, "why": found.why, **numbers}, [said, after] if yes else [said])


def check(
    leaks: Annotated[
        bool, typer.Option("--leaks", help="Look at every annotated image too, for copies in different splits.")
    ] = False,
    project: ProjectOption = Path(),
    json: JsonOption = False,
) -> None:
    """Look whether the store holds together: file, references, masks, splits, sums. Exit code 1 when it does not."""
    from semsam_annotate.annotations import Project
    from semsam_annotate.annotations.split_drawing import leaking
    from semsam_annotate.annotations.upkeep.checking import check as examine
    from semsam_annotate.annotations.upkeep.file_damage import FILE
    from semsam_annotate.annotations.upkeep.problem import Problem

    with Project.open(project) as opened, bar("images") as show:
        found = [*examine(opened.store, show), *(leaking(opened) if leaks else [])]

    def line(problem: Problem) -> str:
        mended = "; semsam project repair mends it" if problem.repairable else ""
        if problem.kind == FILE and not problem.repairable:
            mended = "; semsam project restore puts a backup in its place"
        return f"{problem.count} {problem.kind}: {', '.join(problem.examples)}{mended}"

    answer(json, [one.to_json() for one in found], [line(one) for one in found] or ["all is well"])
    if found:
        raise typer.Exit(1)


def repair(
    copy: Annotated[
        Path | None, typer.Option(help="Where the store is copied before; beside it when left out.")
    ] = None,
    backed_up: Annotated[
        bool, typer.Option("--backed-up", help="PostgreSQL: yes, there is a dump of the database.")
    ] = False,
    project: ProjectOption = Path(),
    json: JsonOption = False,
) -> None:
    """Mend what can be mended with nothing lost, after a copy of the store; tell what is still wrong."""
    from semsam_annotate.annotations import Project
    from semsam_annotate.annotations.upkeep.backup import store_file
    from semsam_annotate.annotations.upkeep.checking import check as examine
    from semsam_annotate.annotations.upkeep.copying import dated
    from semsam_annotate.annotations.upkeep.repairing import repair as mend

    with Project.open(project) as opened, bar("images") as show:
        file = store_file(opened)
        if file is None and not backed_up:
            raise BadInput("the store is on a server: dump it first (pg_dump), then say so with --backed-up")
        before = examine(opened.store, show)
        target = copy or dated(file or opened.folder / "annotations.sqlite", "before-repair")
        left = mend(opened, target, before, show)
    mended = sum(problem.count for problem in before) - sum(problem.count for problem in left)
    lines = [f"mended {mended}; the store as it was: {target}" if mended else "there was nothing that could be mended"]
    lines += [f"still wrong: {one.count} {one.kind}: {', '.join(one.examples)}" for one in left]
    answer(json, {"mended": mended, "left": [one.to_json() for one in left]}, lines)
    if left:
        raise typer.Exit(1)


def backup(
    out: Annotated[Path, typer.Argument(help="Folder to write, which is not there yet.")],
    project: ProjectOption = Path(),
    json: JsonOption = False,
) -> None:
    """Copy project.toml and the annotations as they are at one moment, while others go on working."""
    from semsam_annotate.annotations import Project
    from semsam_annotate.annotations.upkeep.backup import back_up

    with Project.open(project) as opened, bar("pages") as show:
        written = back_up(opened, out, show)
    size = written.stat().st_size
    answer(json, {"path": str(written), "bytes": size}, [f"{written}: {size / 2**20:,.1f} MiB"])


def restore(
    backup: Annotated[Path, typer.Argument(help="Folder that semsam project backup has written.")],
    project: ProjectOption = Path(),
    json: JsonOption = False,
) -> None:
    """Put a backup in the place of the project's annotations and project.toml; what was there is kept beside it."""
    from semsam_annotate.annotations.upkeep.restoring import restore as put_back

    with bar("pages") as show:
        done = put_back(backup, project.absolute(), show)
    kept = [str(path) for path in done.kept]
    lines = [f"restored: {done.store}", *(f"what was there: {path}" for path in kept)]
    lines.append("memories of models still know later masks: semsam models refresh")
    answer(json, {"path": str(done.store), "kept": kept}, lines)
