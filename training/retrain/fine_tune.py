"""From accepted masks to the weights of a new version, begun anew or gone on with."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from semsam_annotate.model.registry import ModelVersion
from semsam_annotate.training.data.pack import write_pack
from semsam_annotate.training.loop import train
from semsam_annotate.training.retrain.budget import within_minutes
from semsam_annotate.training.retrain.finish import finish
from semsam_annotate.training.retrain.project_data import ProjectData
from semsam_annotate.training.retrain.settings import RetrainSettings, fine_tune_config
from semsam_annotate.training.retrain.telling import Telling
from semsam_annotate.training.retrain.work import Begun, asked_for


def begin(data: ProjectData, old: ModelVersion, settings: RetrainSettings, work: Path) -> Begun:
    """Pack the images and choose the steps; written down last, so that what a kill leaves is whole or nothing."""
    pack = work / "project.pack"
    write_pack(data.train, pack)
    config = within_minutes(fine_tune_config(old.weights, pack, settings), settings.minutes, work / "pace")
    begun = Begun(old.version, asked_for(settings), config, data.learned, len(data.train), hold=settings.hold)
    begun.write(work)
    return begun


def fine_tune(begun: Begun, old: ModelVersion, settings: RetrainSettings, work: Path, told: Telling) -> Path:
    """Train, or go on, and write the weights of the new version, its names fitted last."""
    config = replace(begun.config, threads=settings.threads, workers=settings.workers)
    train(config, work / "run", lambda done, steps, losses: told("training", done, steps, losses["total"]))
    naming: Callable[[int, int], None] = lambda done, total: told("naming", done, total)  # noqa: E731
    out = work / "weights.safetensors"
    return finish(old.weights, work / "run", config, settings.blend, out, settings.naming, naming)
