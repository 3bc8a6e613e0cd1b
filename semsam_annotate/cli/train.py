"""``semsam train``."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(train)


def train(
    config: Annotated[Path, typer.Argument(help="TOML file, or the name of a packaged recipe such as semsam-tiny.")],
    out: Annotated[Path, typer.Option(help="Folder of the run; a run that is there goes on.")] = Path("runs/train"),
    pack: Annotated[
        list[Path] | None, typer.Option(help="Pack file or folder of shards instead of those in the configuration.")
    ] = None,
) -> None:
    """Train a model; goes on where a run in the same folder stopped.

    On several GPUs or machines: torchrun --nproc-per-node N --no-python semsam train CONFIG.
    """
    import os

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from semsam_annotate.training.config import read_config
    from semsam_annotate.training.loop import train as run

    settings = read_config(config, packs=[str(path) for path in pack] if pack else None)
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    first = os.environ.get("RANK", "0") == "0"
    with Progress(*columns, TimeRemainingColumn(), speed_estimate_period=300, disable=not first) as progress:
        task = progress.add_task("training", total=settings.schedule.steps, rate="")

        def show(done: int, steps: int, losses: dict[str, float]) -> None:
            speed = progress.tasks[task].speed
            rate = "" if speed is None else f"{speed * settings.schedule.batch:.1f} images/s"
            told = f"{rate} loss {losses['total']:.2f}"
            progress.update(task, completed=done, total=steps, rate=told)

        weights = run(settings, out, show)
    if first:
        typer.echo(f"weights: {weights}")
