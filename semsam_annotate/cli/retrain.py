"""``semsam retrain``."""

import json
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(retrain)


def retrain(
    project: Annotated[Path, typer.Option(help="Project folder.")] = Path(),
    steps: Annotated[int, typer.Option(min=0, help="Training steps; 0: by the number of images.")] = 0,
    batch: Annotated[int, typer.Option(min=1, help="Images a step.")] = 4,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    replay_pack: Annotated[list[Path] | None, typer.Option(help="Pack of earlier training data to mix in.")] = None,
    force: Annotated[bool, typer.Option(help="Promote whatever the gate says.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Learn from the accepted masks; the new model serves if it is better on the images held back."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from semsam_annotate.annotations import Project
    from semsam_annotate.training.retrain import RetrainSettings
    from semsam_annotate.training.retrain import retrain as run

    packs = tuple(str(path) for path in replay_pack or ())
    settings = RetrainSettings(steps=steps, batch=batch, seed=seed, force=force, replay_packs=packs)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Project.open(project) as opened, Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, int] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)  # type: ignore[arg-type]

        report = run(opened, settings, show)
    if as_json:
        typer.echo(json.dumps(report.to_json(), indent=1))
        return
    typer.echo(f"version {report.version.version}: {'promoted' if report.promoted else 'not promoted'}")
    for reason in report.verdict.reasons:
        typer.echo(f"  {reason}")
    typer.echo(
        f"  replay loss {report.verdict.replay_loss:+.2f} points, {report.verdict.validation_masks} validation masks"
    )
