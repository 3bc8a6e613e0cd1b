"""``semsam export``: the accepted annotations of a project as a file."""

from pathlib import Path
from typing import Annotated

import typer

FORMATS = """coco: objects and parts; parts: part JSON in PACO's scheme; labels: PNG label maps of 16 bits (a folder);
panoptic: COCO panoptic, objects and parts apart (a folder); lvis: objects only; pascal-part:
VLPart's form, parts only."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export)


def export(
    out: Annotated[Path, typer.Option(help="File to write; a new folder for formats that are one.")],
    format: Annotated[str, typer.Option(help=FORMATS)] = "coco",
    project: Annotated[Path, typer.Option(help="Project folder.")] = Path("."),
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Write the accepted masks with their labels; a project without any is refused and nothing is written.

    What the format cannot hold (overlaps, parents, levels …) is counted in the answer.
    """
    from dataclasses import asdict
    from json import dumps

    from semsam_annotate.annotations import Project

    with Project.open(project) as opened:
        report = opened.export(format, out)
    typer.echo(dumps(asdict(report)) if json else report.line())
