"""``semsam evaluate``: how well an engine's ladders fit the masks of a COCO file."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from semsam_annotate.api import BadInput

if TYPE_CHECKING:
    from semsam_annotate.training.evaluation import EvaluationResult, EvaluationSample, Proposer

SHOWN = ("max", "oracle", "all", "all_multi", "max_click2")
LABELS = ("label_object", "label_part", "label_owner")


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
    clicks: Annotated[int, typer.Option(min=1, max=2, help="2 adds a corrective click on the largest error.")] = 1,
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
    """Print the figures as a table: what was measured, the 95 % interval, and the difference where there is one."""
    from rich.console import Console
    from rich.table import Table

    title = f"{figures['engine']}: {figures['n']} clicks on {figures['images']} images"
    table = Table(title=title, title_justify="left")
    difference = figures.get("difference")
    headings = ["", "%", "95 %", "objects", "parts", *(["difference"] if difference else [])]
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left")
    for key in SHOWN:
        if figures[key] is not None:
            kinds = [_number(figures[f"{key}{kind}"]) for kind in ("_object", "_part")]
            table.add_row(key, *_with_interval(figures, key), *kinds, *_difference(difference, key))
    for key in (f"{side}_top{top}{kind}" for side in LABELS for top in (1, 5) for kind in ("", "_macro")):
        if figures[key] is not None:
            usual = f"majority {_number(figures[f'{key}_majority'])}"
            table.add_row(key, *_with_interval(figures, key), usual, "", *_difference(difference, key))
    console = Console()
    console.print(table)
    order = figures["kendall_tau"]
    tau = "–" if order is None else f"{order:.2f}"
    console.print(f"ladder: {figures['ladder_length']:.2f} rungs, Kendall's τ of level and area {tau}")


def _with_interval(figures: dict[str, Any], key: str) -> tuple[str, str]:
    low, high = figures["ci95"][key]
    return _number(figures[key]), f"{low:.1f} … {high:.1f}"


def _difference(difference: dict[str, Any] | None, key: str) -> list[str]:
    if difference is None:
        return []
    if difference[key] is None:
        return ["–"]
    mean, low, high = difference[key]
    return [f"{mean:+.1f} ({low:+.1f} … {high:+.1f})"]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
