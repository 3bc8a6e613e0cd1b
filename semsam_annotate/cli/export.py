"""``semsam export``: the accepted annotations of a project as a file or a folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from semsam_annotate.annotations.formats.format import Format

FORMATS = (
    "coco: objects and parts; parts: part JSON in PACO's scheme; panoptic: COCO panoptic (a folder); lvis: objects; "
    "pascal-part: parts, VLPart's form; labels: PNG label maps of 16 bits (a folder); yolo and datasets: folders "
    "with copies of the images; label-studio: tasks with brush masks."
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export)


def export(
    out: Annotated[Path, typer.Option(help="File to write; a new folder for formats that are folders.")],
    format: Annotated[str, typer.Option(help=FORMATS)] = "coco",
    project: Annotated[Path, typer.Option(help="Project folder.")] = Path("."),
    image_url: Annotated[
        str | None, typer.Option(help="label-studio: what stands before the path of an image in its address.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="The masks as they were accepted then: 2026-05-17, 2026-05-17T14:30, …+02:00.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Write the accepted masks with their labels; a project without any is refused and nothing is written.

    What the format cannot hold (overlaps, parents, levels and the like) is counted in the answer.
    """
    from dataclasses import asdict
    from json import dumps

    from semsam_annotate.annotations import Project
    from semsam_annotate.annotations.drafts import utc
    from semsam_annotate.cli.bars import bar

    time = None if as_of is None else utc(as_of)
    with Project.open(project) as opened, bar("images") as show:
        report = opened.export(_format(format, image_url), out, time, show)
    typer.echo(dumps(asdict(report)) if json else report.line())


def _format(name: str, image_url: str | None) -> "str | Format":
    """The format of that name; Label Studio's is known to the backend alone."""
    from semsam_annotate.annotations.exports import FORMATS
    from semsam_annotate.annotations.formats.listed import FURTHER
    from semsam_annotate.api import BadInput

    known = (*FORMATS, *FURTHER, "label-studio")
    if name not in known:
        raise BadInput(f"unknown format {name!r}: one of {', '.join(known)}")
    if name == "label-studio":
        from semsam_annotate.backend.label_studio.admin.tasks import LOCAL_FILES, tasks_format

        return tasks_format(LOCAL_FILES if image_url is None else image_url)
    if image_url is not None:
        raise BadInput(f"--image-url is for --format label-studio, not {name}")
    return name
