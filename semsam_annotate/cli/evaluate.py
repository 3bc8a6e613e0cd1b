"""``semsam evaluate``: how well an engine's masks fit the masks of COCO files, by prompts and without."""

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from semsam_annotate.api import BadInput
from semsam_annotate.cli import evaluating

if TYPE_CHECKING:
    from rich.console import Console

    from semsam_annotate.training.evaluation.tables import Table


class Asked(StrEnum):
    """What masks are asked for with."""

    click = "click"
    box = "box"
    both = "both"


WeightsOption = Annotated[
    str,
    typer.Option(
        help="default, a .safetensors file, project:DIR, http://…, none: felzenszwalb regions, "
        "or the .json that --rows wrote."
    ),
]
PromptOption = Annotated[Asked, typer.Option(help="Ask for each mask with a click, its box, or once with each.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(evaluate)


def evaluate(
    json: Annotated[Path, typer.Option(help="Where the figures go.")],
    annotations: Annotated[
        list[Path] | None, typer.Option(help="COCO instance JSON with the ground truth; may be given several times.")
    ] = None,
    images: Annotated[
        list[Path] | None, typer.Option(help="Folder of the images, one for all annotations or one each.")
    ] = None,
    weights: WeightsOption = "default",
    images_limit: Annotated[int | None, typer.Option(min=1, help="Images to sample; all when left out.")] = None,
    masks_limit: Annotated[int | None, typer.Option(min=1, help="Masks to click per image; all when left out.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the sample.")] = 0,
    clicks: Annotated[
        int, typer.Option(min=1, max=20, help="Above 1: corrective clicks on the largest error; 20 give NoC.")
    ] = 1,
    prompt: PromptOption = Asked.click,
    segment: Annotated[
        bool, typer.Option("--segment", help="Also without prompts: PQ, AP of objects and parts, mIoU.")
    ] = False,
    rows: Annotated[Path | None, typer.Option(help="Also write one row a prompt here, for --against.")] = None,
    against: Annotated[
        str | None, typer.Option(help="Rows of another run, or other weights, to compare with, mask by mask.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="Also write an HTML page: tables, the best, median and worst masks.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
) -> None:
    """Ask for ground-truth masks, compare what comes with them, and report percentages with 95 % intervals."""
    try:
        from semsam_annotate.training import evaluation
        from semsam_annotate.training.evaluation.page import write_page
    except ImportError as error:
        raise BadInput(f"evaluating needs the extra 'local' ({error}): pip install 'semsam-annotate[local]'") from error
    check_writable(json, rows, page)
    prompts = ("click", "box") if prompt == Asked.both else (prompt.value,)
    data = evaluating.Data(annotations or [], images or [], (images_limit, masks_limit), seed, segment)
    answers = evaluating.answer([weights, *([] if against is None else [against])], data, prompts, clicks, device, page)
    new, old = answers[0], answers[1] if against is not None else None
    figures = evaluating.put_together(new, old)
    if rows is not None:
        evaluation.write_json(new.result.to_json(), rows)
    evaluation.write_json(figures, json)
    if page is not None:
        write_page(figures, new.pictures, page)
    show(figures)


def check_writable(*paths: Path | None) -> None:
    """Raise BadInput before the work when an output's folder is missing or cannot be written."""
    for path in paths:
        if path is None:
            continue
        folder = path.absolute().parent
        if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
            raise BadInput(f"cannot write {path}: name a file in a folder that exists and can be written")


def show(figures: dict[str, Any]) -> None:
    """Print the figures as tables, then what fits into a line each."""
    from rich.console import Console

    from semsam_annotate.training.evaluation.tables import brief_tables

    console = Console()
    console.print(f"{figures['engine']}, version {figures['version']}", markup=False)
    for table in brief_tables(figures):
        _print(console, table)
    for line in _lines(figures):
        console.print(line, markup=False)


def _lines(figures: dict[str, Any]) -> list[str]:
    tau, speed = figures["kendall_tau"], figures["speed"]
    ordered = "–" if tau is None else f"{tau:.2f}"
    found = [f"ladder: {figures['ladder_length']:.2f} rungs, Kendall's τ of level and area {ordered}"]
    if (trust := figures["calibration"]) is not None:
        error, rho = trust["chosen"]["ece"], trust["chosen"]["spearman"]
        order = "" if rho is None else f", rank correlation {rho:.2f}"
        found.append(f"predicted IoU of the best score: {error:.1f} points off on average over bins{order}")
    if speed is None:
        return found
    times = f"{speed['encode_ms']:.0f} ms to encode an image, {speed['prompt_ms']:.0f} ms a {figures['prompt']}"
    return [*found, f"speed on {speed['device']}, median of {speed['images']} images: {times}"]


def _print(console: "Console", shown: "Table") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(shown.title), title_justify="left")
    for number, heading in enumerate(shown.headings):
        table.add_column(Text(heading), justify="right" if number else "left", no_wrap=True)
    for row in shown.rows:
        table.add_row(*map(Text, row))
    console.print(table)
