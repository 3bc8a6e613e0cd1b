"""``semsam evaluate``: how well an engine's ladders fit the masks of a COCO file."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from semsam_annotate.api import BadInput

if TYPE_CHECKING:
    from rich.console import Console

    from semsam_annotate.training.evaluation import EvaluationResult, EvaluationSample, Proposer

SHOWN = ("max", "oracle", "all", "all_multi", "max_click2")
KINDS = ("object", "part")
LABELS = ("label_object", "label_part", "label_owner")
ENDS = ("_majority", "_macro", "_macro_majority")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(evaluate)


def evaluate(
    annotations: Annotated[Path, typer.Option(help="COCO instance JSON with the ground truth.")],
    images: Annotated[Path, typer.Option(help="Folder of the images.")],
    json: Annotated[Path, typer.Option(help="Where the figures go.")],
    weights: Annotated[
        str, typer.Option(help="default, a .safetensors file, project:DIR, http://…, or none: felzenszwalb regions.")
    ] = "default",
    images_limit: Annotated[int | None, typer.Option(min=1, help="Images to sample; all when left out.")] = None,
    masks_limit: Annotated[int | None, typer.Option(min=1, help="Masks to click per image; all when left out.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the sample.")] = 0,
    clicks: Annotated[
        int, typer.Option(min=1, max=20, help="Above 1: corrective clicks on the largest error; 20 give NoC.")
    ] = 1,
    rows: Annotated[Path | None, typer.Option(help="Also write one row a click here, for --against.")] = None,
    against: Annotated[Path | None, typer.Option(help="Rows of another run to compare with, click by click.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
) -> None:
    """Click ground-truth masks, compare the ladders with them, and report percentages with 95 % intervals."""
    try:
        from semsam_annotate.training import evaluation
    except ImportError as error:
        raise BadInput(f"evaluating needs the extra 'local' ({error}): pip install 'semsam-annotate[local]'") from error
    check_writable(json, rows)
    other = None if against is None else evaluation.read_result(against)
    sample = evaluation.read_sample(annotations, images, images_limit, masks_limit, seed)
    result = run(weights, device, sample, clicks)
    figures: dict[str, Any] = {"engine": result.engine, "version": result.version, **evaluation.summarize(result)}
    if other is not None:
        figures["against"] = {"engine": other.engine, "version": other.version}
        figures["difference"] = evaluation.compare(result, other)
    if rows is not None:
        evaluation.write_json(result.to_json(), rows)
    evaluation.write_json(figures, json)
    show(figures)


def run(weights: str, device: str, sample: "EvaluationSample", clicks: int) -> "EvaluationResult":
    """Evaluate with a progress bar; the engine is closed whatever happens."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from semsam_annotate.training.evaluation import evaluate as measure

    engine = open_engine(weights, device)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("clicks", total=len(sample))
            return measure(engine, sample, clicks, lambda done, total: bar.update(task, completed=done, total=total))
    finally:
        engine.close()


def open_engine(weights: str, device: str) -> "Proposer":
    """The engine of a name; "none" is the weights-free ladder."""
    from semsam_annotate import load_engine
    from semsam_annotate.training.evaluation import WeightsFreeEngine

    return WeightsFreeEngine() if weights == "none" else load_engine(weights, device)


def check_writable(*paths: Path | None) -> None:
    """Raise BadInput before the work when an output's folder is missing or cannot be written."""
    for path in paths:
        if path is None:
            continue
        folder = path.absolute().parent
        if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
            raise BadInput(f"cannot write {path}: name a file in a folder that exists and can be written")


def show(figures: dict[str, Any]) -> None:
    """Print the figures as tables: masks, then labels where the engine gives any, with 95 % intervals."""
    from rich.console import Console

    console = Console()
    title = f"{figures['engine']}: {figures['n']} clicks on {figures['images']} images"
    keys = [key for key in SHOWN if figures[key] is not None]
    masks = [[key, *_measured(figures, key), *(_number(figures[f"{key}_{kind}"]) for kind in KINDS)] for key in keys]
    _print(console, title, ["IoU, %", "all", "95 %", "objects", "parts"], masks)
    keys = [key for key in (f"{side}_top{top}" for side in LABELS for top in (1, 5)) if figures[key] is not None]
    labels = [[key, *_measured(figures, key), *(_number(figures[f"{key}{end}"]) for end in ENDS)] for key in keys]
    if labels:
        _print(console, "", ["labels, %", "micro", "95 %", "majority", "macro", "majority"], labels)
    if difference := figures.get("difference"):
        shown = [key for key in (*SHOWN, *keys, *(f"{key}_macro" for key in keys)) if difference[key] is not None]
        rows = [[key, f"{difference[key][0]:+.1f}", _interval(difference[key][1:], "+.1f")] for key in shown]
        _print(console, f"minus {figures['against']['engine']}, click by click", ["", "points", "95 %"], rows)
    if (after := figures["iou_at_click"])["2"] is not None:
        console.print(refinement(figures, after))
    order = figures["kendall_tau"]
    tau = "–" if order is None else f"{order:.2f}"
    console.print(f"ladder: {figures['ladder_length']:.2f} rungs, Kendall's τ of level and area {tau}")


def refinement(figures: dict[str, Any], after: dict[str, float | None]) -> str:
    """One line: IoU after each click, and clicks needed where 20 were made."""
    ious = ", ".join(f"{value:.1f} after {clicks}" for clicks, value in after.items() if value is not None)
    needed = "" if figures["noc85"] is None else f"; NoC@85 {figures['noc85']:.2f}, NoC@90 {figures['noc90']:.2f}"
    return f"IoU by clicks, %: {ious}{needed}"


def _print(console: "Console", title: str, headings: list[str], rows: list[list[str]]) -> None:
    from rich.table import Table

    table = Table(title=title or None, title_justify="left")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _measured(figures: dict[str, Any], key: str) -> tuple[str, str]:
    return _number(figures[key]), _interval(figures["ci95"][key], ".1f")


def _interval(bounds: list[float], digits: str) -> str:
    low, high = bounds
    return f"{low:{digits}} … {high:{digits}}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
