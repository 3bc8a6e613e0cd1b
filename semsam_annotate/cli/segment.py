"""``semsam segment``: everything of a vocabulary in an image, without a prompt."""

import json as jsonlib
from pathlib import Path
from typing import Annotated, Any

import typer

from semsam_annotate.api import Mask, Proposal, RgbImage, Segmentation, Task, checked_task
from semsam_annotate.cli.engines import check_source, choose_engine, choose_words


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(segment)


def segment(
    image: Annotated[Path, typer.Argument(help="Photo, scan or drawing.")],
    task: Annotated[str, typer.Option(help="instance, semantic, panoptic or parts.")] = "instance",
    objects: Annotated[str | None, typer.Option(help="Object names, car,person; a project's own if left out.")] = None,
    parts: Annotated[str | None, typer.Option(help="Part names: wheel,head.")] = None,
    weights: Annotated[str | None, typer.Option(help="A .safetensors file, http://…, or default.")] = None,
    project: Annotated[Path | None, typer.Option(help="Use this project's model and classes.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, masks as RLE.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the JSON into this file.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw what was found over the image, into this PNG.")] = None,
    least: Annotated[
        float, typer.Option(min=0, max=1, help="Table and picture leave out what scores less; JSON has it all.")
    ] = 0.25,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
) -> None:
    """Find everything that has one of the names, without a click."""
    from semsam_annotate.annotations import read_image
    from semsam_annotate.annotations.files import write_atomically
    from semsam_annotate.cli.evaluate import check_writable
    from semsam_annotate.cli.overlay import draw

    chosen = checked_task(task)
    check_source(weights, project)
    check_writable(out, picture)
    words, rgb = choose_words(objects, parts, project), read_image(image)
    engine = choose_engine(weights, project, device)
    try:
        found = engine.segment(engine.encode(rgb), words, chosen)
    finally:
        engine.close()
    text = jsonlib.dumps(as_json(image, rgb, chosen, found))
    if out is not None:
        write_atomically(out, text.encode())
    if picture is not None:
        write_atomically(picture, draw(rgb, [(name, mask) for name, _, _, mask in rows(chosen, found, least)]))
    typer.echo(text) if json else show(rows(chosen, found, least))


def as_json(image: Path, rgb: RgbImage, task: Task, found: list[Proposal] | Segmentation) -> dict[str, Any]:
    """What ``--json`` prints."""
    size: dict[str, Any] = {"image": str(image), "width": rgb.shape[1], "height": rgb.shape[0], "task": task}
    if isinstance(found, Segmentation):
        return {**size, "segmentation": found.to_json()}
    return {**size, "proposals": [proposal.to_json() for proposal in found]}


def show(found: list[tuple[str, float, int, Mask]]) -> None:
    """Print a table of what was found."""
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "score", "pixels", box=None)
    for name, score, area, _ in found:
        table.add_row(name, f"{100 * score:.0f} %", str(area))
    Console(width=None if Console().is_terminal else 160).print(table)


def rows(task: Task, found: list[Proposal] | Segmentation, least: float) -> list[tuple[str, float, int, Mask]]:
    """Name, score, area and mask of what was found with a score of ``least`` or more; of a map all that it shows."""
    if isinstance(found, Segmentation):
        return [(one.name, one.score, one.area, found.mask(one)) for one in found.segments]
    labels = [(one.part_labels if task == "parts" else one.object_labels)[0] for one in found]
    return [(*label, one.area, one.mask) for label, one in zip(labels, found, strict=True) if label[1] >= least]
