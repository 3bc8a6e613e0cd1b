"""``semsam click``: the ladder of one prompt on one image."""

import json as jsonlib
from pathlib import Path
from typing import Annotated, Any

import typer

from semsam_annotate.api import BadInput, Ladder, Mask, Prompt, Proposal, RgbImage, Stroke
from semsam_annotate.cli.engines import check_source, choose_engine, choose_words

COLUMNS = ("rung", "level", "score", "stability", "pixels", "box", "object", "part")
HALF = 127.5
"""Of the brightness of a picture."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(click)


def click(
    image: Annotated[Path, typer.Argument(help="Photo, scan or drawing.")],
    point: Annotated[
        list[str] | None, typer.Option(help="X,Y in pixels, inside the mask; several may be given.")
    ] = None,
    negative: Annotated[list[str] | None, typer.Option(help="X,Y outside the mask; several may be given.")] = None,
    box: Annotated[str | None, typer.Option(help="X0,Y0,X1,Y1 around the mask, X1 and Y1 exclusive.")] = None,
    scribble: Annotated[
        list[str] | None, typer.Option(help='A stroke inside the mask: "X,Y X,Y …"; several may be given.')
    ] = None,
    mask: Annotated[
        Path | None, typer.Option(help="A rough mask as a picture of the image's size; brighter than half belongs.")
    ] = None,
    text: Annotated[str | None, typer.Option(help='A phrase: "left wheel", "wheel of the car".')] = None,
    granularity: Annotated[
        float | None, typer.Option(min=0, max=1, help="Show one rung: 0 finest … 1 coarsest.")
    ] = None,
    objects: Annotated[str | None, typer.Option(help="Object names, car,person; a project's own if left out.")] = None,
    parts: Annotated[str | None, typer.Option(help="Part names: wheel,head.")] = None,
    weights: Annotated[str | None, typer.Option(help="A .safetensors file, http://…, or default.")] = None,
    project: Annotated[Path | None, typer.Option(help="Use this project's model and classes.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the ladder as JSON, masks as RLE.")] = False,
    out: Annotated[Path | None, typer.Option(help="Draw the ladder into this PNG.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
) -> None:
    """Click an image, or describe what is meant, and see the masks at every granularity, smallest first."""
    from semsam_annotate.annotations import read_image

    check_source(weights, project)
    rough = None if mask is None else read_mask(mask)
    prompt = read_prompt(point or [], negative or [], box, scribble or [], rough, text)
    words = choose_words(objects, parts, project)
    rgb = read_image(image)
    prompt.check_inside(*rgb.shape[:2])
    engine = choose_engine(weights, project, device)
    try:
        ladder = engine.propose(engine.encode(rgb), prompt, words)
    finally:
        engine.close()
    if granularity is not None:
        ladder = Ladder([ladder.at(granularity)])
    if out is not None:
        draw(rgb, prompt, ladder, image.name, out)
    typer.echo(jsonlib.dumps(as_json(image, rgb, prompt, ladder))) if json else show(ladder)


def read_prompt(
    points: list[str],
    negatives: list[str],
    box: str | None,
    strokes: list[str] | None = None,
    mask: Mask | None = None,
    text: str | None = None,
) -> Prompt:
    """The prompt of the options as they were typed."""
    places = [_numbers(one, "a point", "X,Y", 2) for one in (*points, *negatives)]
    labels = [1] * len(points) + [0] * len(negatives)
    edges = None if box is None else _numbers(box, "a box", "X0,Y0,X1,Y1", 4)
    drawn = [[_numbers(one, "a stroke's point", "X,Y", 2) for one in stroke.split()] for stroke in strokes or []]
    return Prompt(places, labels, edges, [Stroke(stroke) for stroke in drawn], mask, text)


def read_mask(path: Path) -> Mask:
    """(H, W) bool of a picture, true where it is brighter than half."""
    from semsam_annotate.annotations import read_image

    bright: Mask = read_image(path).mean(-1) > HALF
    return bright


def as_json(image: Path, rgb: RgbImage, prompt: Prompt, ladder: Ladder) -> dict[str, Any]:
    """What ``--json`` prints."""
    size = {"width": rgb.shape[1], "height": rgb.shape[0]}
    return {"image": str(image), **size, "prompt": prompt.to_json(), "ladder": ladder.to_json()}


def show(ladder: Ladder) -> None:
    """Print the ladder as a table, the best rung marked."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*COLUMNS, box=None)
    for number, rung in enumerate(ladder, start=1):
        table.add_row(f"{number}{' *' if rung is ladder.best else ''}", *_cells(rung))
    Console(width=None if Console().is_terminal else 160).print(table)


def draw(rgb: RgbImage, prompt: Prompt, ladder: Ladder, title: str, out: Path) -> None:
    """Write the ladder as a picture."""
    try:
        from semsam_annotate.training.evaluation.sheet import SheetRow, draw_sheet
    except ImportError as error:
        raise BadInput(f"--out needs the extra 'local' ({error}): pip install 'semsam-annotate[local]'") from error
    draw_sheet([SheetRow(rgb, prompt, ladder, title)], out)


def _cells(rung: Proposal) -> list[str]:
    edges = ",".join(f"{edge:g}" for edge in rung.box)
    part = _best(rung.part_labels)
    chance = f"{100 * rung.part_probability:.0f} % a part{': ' + part if part else ''}"
    shares = (f"{100 * rung.score:.0f} %", f"{100 * rung.stability:.0f} %")
    return [str(rung.level), *shares, str(rung.area), edges, _best(rung.object_labels), chance]


def _best(labels: list[tuple[str, float]]) -> str:
    return f"{labels[0][0]} {100 * labels[0][1]:.0f} %" if labels else ""


def _numbers(text: str, what: str, form: str, count: int) -> list[float]:
    try:
        values = [float(value) for value in text.split(",")]
    except ValueError:
        values = []
    if len(values) != count:
        raise BadInput(
            f"{what} is {form} in pixels, such as {'120,80,300,200'[: 6 if count == 2 else None]}, not {text!r}"
        )
    return values
