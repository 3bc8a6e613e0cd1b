"""``semsam import``: annotations of a file into a project."""

from pathlib import Path
from typing import Annotated

import typer

from semsam_annotate.cli.bars import bar

FORMATS = (
    "auto: whichever it is; coco; parts: part JSON in PACO's scheme; lvis; panoptic; pascal-part: VLPart's form or the "
    "original; partimagenet; labels: our PNG label maps; yolo: segmentation; datasets: our folder; labelme; sa-1b; "
    "label-studio: a JSON export of tasks."
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_)


def import_(
    source: Annotated[Path, typer.Option("--in", help="File or folder to read.")],
    format: Annotated[str, typer.Option(help=FORMATS)] = "auto",
    project: Annotated[Path, typer.Option(help="Project folder, made when there is none.")] = Path("."),
    images: Annotated[
        Path | None, typer.Option(help="Folder of the images; when left out, looked for around the file.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Bring the masks of a file or folder into a project: all of them, or none when anything there is wrong.

    What is there already stays as it is. Crowd regions, empty masks and boxes are skipped and counted.
    """
    from json import dumps

    from semsam_annotate.annotations import Project
    from semsam_annotate.cli.importing import read_any

    with bar("images") as show:
        content = read_any(format, source, images, project, show)
    fresh = not (project / "project.toml").exists()
    with Project.create(project) if fresh else Project.open(project) as opened:
        report = opened.take_in(content)
    typer.echo(dumps(report.to_json()) if json else report.line())
