"""``semsam project suspects``: accepted masks that are probably wrong."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from semsam_annotate.api import BadInput
from semsam_annotate.cli.bars import bar
from semsam_annotate.cli.engines import without_memory
from semsam_annotate.cli.project.options import JsonOption, MeOption, ProjectOption, answer, me, table

if TYPE_CHECKING:
    from semsam_annotate.annotations.suspicions import Kind


def suspects(
    weights: Annotated[
        str | None, typer.Option(help="Who judges, as in semsam click; the project's own model when left out.")
    ] = None,
    kinds: Annotated[str, typer.Option(help="What to look for, between commas.")] = "name,outline,missing part",
    limit: Annotated[int | None, typer.Option(min=1, help="Images to look at, those with most masks first.")] = None,
    most: Annotated[int, typer.Option(min=1, help="List so many masks, the surest first.")] = 100,
    request_changes: Annotated[
        bool, typer.Option("--request-changes", help="Mark the listed masks for review, with what the model says.")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    user: MeOption = None,
    project: ProjectOption = Path(),
    json: JsonOption = False,
) -> None:
    """List accepted masks that a model disagrees with and is sure of it: name, outline, or a part nobody drew."""
    from semsam_annotate import load_engine
    from semsam_annotate.annotations import Project
    from semsam_annotate.annotations.people.suspects import request_changes as ask
    from semsam_annotate.annotations.people.suspects import suspects as look
    from semsam_annotate.annotations.suspicions import KINDS

    wanted: list[Kind] = [kind for kind in KINDS if kind in [name.strip() for name in kinds.split(",")]]
    if len(wanted) != len(kinds.split(",")):
        raise BadInput(f"what to look for is {', '.join(KINDS)}, not {kinds!r}")
    with Project.open(project) as opened:
        engine = without_memory(load_engine(weights or f"project:{project}", device))
        try:
            with bar("images") as show:
                found = look(opened, engine, wanted, limit, progress=show)[:most]
        finally:
            engine.close()
        left = [] if not request_changes else ask(opened, found, me(user))
    rows = [(one.mask, one.image, one.name, one.kind, one.sure, one.says) for one in found]
    lines = table(("mask", "image", "name", "doubtful", "sure", "the model says"), rows) if rows else ["no doubts"]
    answer(json, [one.to_json() for one in found], lines)
    for line in left:
        typer.echo(line, err=True)
