"""``semsam models calibrate``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from semsam_annotate.api import BadInput
from semsam_annotate.cli.bars import bar

if TYPE_CHECKING:
    from semsam_annotate.training.calibrating import Calibrated


def calibrate(
    project: Annotated[Path, typer.Option("--project", help="Folder of the project.")] = Path(),
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fit how sure the active model is of names and masks to the project's validation images.

    Every retraining does it by itself; do it after images were labelled without one. semsam next then uses it.
    """
    from semsam_annotate.annotations import Project

    try:
        from semsam_annotate.model.engine import open_engine
        from semsam_annotate.model.engine.settings import EngineSettings
        from semsam_annotate.training.calibrating import calibrate as run
        from semsam_annotate.training.retrain.project_data import read_project
    except ImportError as error:
        raise BadInput(f"this needs the extra 'train' ({error}): pip install 'semsam-annotate[train]'") from error

    with Project.open(project) as opened:
        sample = read_project(opened).validation
        engine = open_engine(f"project:{project}", device, EngineSettings(cache_folder=opened.embeddings))
        try:
            with bar("images") as show:
                found = run(engine, opened.models, sample, show)
        finally:
            engine.close()
    typer.echo(json.dumps(found.to_json())) if as_json else _tell(found)


def _tell(found: "Calibrated") -> None:
    typer.echo(f"model {found.version}: {found.report['masks']} masks in {found.report['images']} validation images")
    for side, both in found.report["sides"].items():
        before, after = both["before"], both["after"]
        low, high = after["ece_ci95"]
        typer.echo(f"  {side:<8} ECE {before['ece']:.1f} -> {after['ece']:.1f} points [{low:.1f}, {high:.1f}]")
    for line in found.report["left_as_they_are"]:
        typer.echo(f"  {line}")
    typer.echo(f"  {found.picture}")
