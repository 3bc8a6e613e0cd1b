"""``semsam retrain``."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from semsam_annotate.api import BadInput
from semsam_annotate.cli.bars import bars

if TYPE_CHECKING:
    from semsam_annotate.training.retrain import RetrainReport


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(retrain)


def retrain(
    project: Annotated[Path, typer.Option(help="Project folder.")] = Path(),
    steps: Annotated[int, typer.Option(min=0, help="Training steps; 0: by the number of images.")] = 0,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="That the steps may take, 0 any; else project.toml's [retrain].")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=0, help="Of the processor, 0 as many as usual; else project.toml's [retrain].")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Images a step.")] = 4,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    replay_pack: Annotated[list[Path] | None, typer.Option(help="Pack of earlier training data to mix in.")] = None,
    force: Annotated[bool, typer.Option(help="Promote whatever the gate says.")] = False,
    hold: Annotated[bool, typer.Option("--hold", help="Promote nothing: semsam models promote does it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Learn from the accepted masks; the new model serves if it is better on the images held back.

    Whoever watches finds how far it is, and before and after, in a folder of models/runs of the project.
    """
    from semsam_annotate.annotations import Project
    from semsam_annotate.annotations.project_config import read_config

    os.environ.update(read_config(project / "project.toml").retrain.environment)  # before torch looks for GPUs
    try:
        from semsam_annotate.training.retrain import RetrainSettings
        from semsam_annotate.training.retrain import retrain as run
    except ImportError as error:
        raise BadInput(f"training needs the extra 'train' ({error}): pip install 'semsam-annotate[train]'") from error

    signal.signal(signal.SIGTERM, _stop)
    with Project.open(project) as opened, bars() as show:
        budget = opened.config.retrain
        budget = budget if minutes is None else replace(budget, minutes=minutes)
        budget = budget if threads is None else replace(budget, threads=threads)
        settings = RetrainSettings(
            steps=steps, max_steps=budget.max_steps, minutes=budget.minutes, threads=budget.threads,
            batch=batch, seed=seed, force=force, hold=hold, keep=budget.keep,
            replay_packs=tuple(str(path) for path in replay_pack or ()),
        )  # fmt: skip
        report = run(opened, settings, show)
    _tell(report, as_json)


def _stop(*_: Any) -> NoReturn:
    """Whoever asks the process to end gets the clean end of Ctrl+C."""
    raise KeyboardInterrupt


def _tell(report: "RetrainReport", as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(report.to_json(), indent=1))
        return
    typer.echo(f"version {report.version.version}: {'promoted' if report.promoted else 'not promoted'}")
    for reason in report.verdict.reasons:
        typer.echo(f"  {reason}")
    typer.echo(
        f"  replay loss {report.verdict.replay_loss:+.2f} points, {report.verdict.validation_masks} validation masks"
    )
    kept = f", {report.test_images} of the split test left out" if report.test_images else ""
    typer.echo(f"  trained on {report.train_images} images{kept}; new: {report.news.sentence}")
    for leak in report.leaks:
        typer.echo(f"  {leak}", err=True)
    typer.echo(f"  report: {report.page}")
