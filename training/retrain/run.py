"""One retraining: read the project, fine-tune the active model, compare, keep the version, promote it or not."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from semsam_annotate.annotations import Project
from semsam_annotate.api import BadInput
from semsam_annotate.model.engine import LocalEngine
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.model.registry import ModelRegistry, ModelVersion
from semsam_annotate.training.config import DataConfig, ScheduleConfig, TrainConfig
from semsam_annotate.training.data.pack import write_pack
from semsam_annotate.training.evaluation.result import EvaluationResult
from semsam_annotate.training.evaluation.run import evaluate
from semsam_annotate.training.evaluation.sample import EvaluationSample
from semsam_annotate.training.loop import train
from semsam_annotate.training.naming import NamingSettings
from semsam_annotate.training.retrain.finish import finish
from semsam_annotate.training.retrain.gate import GateSettings, Verdict, judge
from semsam_annotate.training.retrain.lock import only_one
from semsam_annotate.training.retrain.project_data import ProjectData, read_project
from semsam_annotate.training.retrain.replay import replay_sample

Progress = Callable[[str, int, int], None]
"""What is being done, steps done, steps in all."""


@dataclass(frozen=True)
class RetrainSettings:
    """How to fine-tune; ``replay_packs`` are mixed in beside the scenes (share ``replay`` of the batch is scenes).

    ``blend``: share of the fine-tuned weights in the new version, the rest are the old ones; ``naming``: how its names
    are fitted last.
    """

    steps: int = 250
    batch: int = 4
    lr: float = 5e-4
    blend: float = 0.7
    size: int = 384
    replay: float = 0.4
    replay_packs: tuple[str, ...] = ()
    seed: int = 0
    workers: int = 1
    force: bool = False
    replay_scenes: int = 55
    gate: GateSettings = field(default_factory=GateSettings)
    naming: NamingSettings = field(default_factory=NamingSettings)


@dataclass(frozen=True)
class RetrainReport:
    """The new version, whether it serves now, and why."""

    version: ModelVersion
    promoted: bool
    verdict: Verdict
    train_images: int

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "version": self.version.version,
            "promoted": self.promoted,
            "train_images": self.train_images,
            **self.verdict.to_json(),
        }


def retrain(
    project: Project, settings: RetrainSettings, progress: Progress = lambda what, done, total: None
) -> RetrainReport:
    """Fine-tune the full model on the accepted masks mixed with replayed scenes, then let the gate decide.

    The active model serves until the last moment: whatever happens before the promotion changes nothing. Raises
    BadInput when there is nothing to learn from or another retraining is running.
    """
    registry = ModelRegistry(project.models, packaged_weights())
    with only_one(project.models), tempfile.TemporaryDirectory(dir=project.models, prefix=".retrain-") as made:
        work = Path(made)
        data = read_project(project, lambda done, total: progress("reading", done, total))
        if not data.train:
            raise BadInput(f"the project {project.folder} has no accepted annotations to train on")
        old = registry.active()
        weights = _fine_tune(data, old, settings, work, progress)
        verdict = _compare(data, old, weights, settings, work, progress)
        version = registry.add(weights, {"parent": old.version, "verdict": verdict.to_json()})
        promoted = verdict.promote or settings.force
        if promoted:
            registry.promote(version.version)
        return RetrainReport(version, promoted, verdict, len(data.train))


def fine_tune_config(weights: Path, pack: Path, settings: RetrainSettings) -> TrainConfig:
    """The shipped recipe, shorter and gentler, from the old weights."""
    schedule = ScheduleConfig(
        steps=settings.steps,
        batch=settings.batch,
        lr=settings.lr,
        warmup=max(1, settings.steps // 10),
        decay=0.6,
        encoder_lr=0.5,
        size=settings.size,
        freeze_norms=True,
    )
    data = DataConfig(packs=(str(pack), *settings.replay_packs), scenes=settings.replay, focus=0.6)
    every = max(50, settings.steps // 4)
    return TrainConfig(
        model=str(weights),
        seed=settings.seed,
        workers=settings.workers,
        checkpoint_every=every,
        data=data,
        schedule=schedule,
    )


def _fine_tune(data: ProjectData, old: ModelVersion, settings: RetrainSettings, work: Path, progress: Progress) -> Path:
    pack = work / "project.pack"
    write_pack(data.train, pack)
    config = fine_tune_config(old.weights, pack, settings)
    train(config, work / "run", lambda done, steps, losses: progress("training", done, steps))
    told: Callable[[int, int], None] = lambda done, total: progress("naming", done, total)  # noqa: E731
    out = work / "weights.safetensors"
    return finish(old.weights, work / "run", config, settings.blend, out, settings.naming, told)


def _compare(
    data: ProjectData, old: ModelVersion, weights: Path, settings: RetrainSettings, work: Path, progress: Progress
) -> Verdict:
    replay = replay_sample(work / "replay", settings.replay_scenes)
    results = {}
    for name, path in (("old", old.weights), ("new", weights)):
        for what, sample in (("validation", data.validation), ("replay", replay)):
            results[name, what] = _evaluate(path, sample, f"{what}, {name} model", progress)
    return judge(
        results["old", "validation"],
        results["new", "validation"],
        results["old", "replay"],
        results["new", "replay"],
        settings.gate,
    )


def _evaluate(weights: Path, sample: EvaluationSample, what: str, progress: Progress) -> EvaluationResult:
    model = LoadedModel.read(weights, "auto")
    engine = LocalEngine(lambda: model)
    if not len(sample):
        return EvaluationResult((), engine=model.name, version=model.version)
    return evaluate(engine, sample, progress=lambda done, total: progress(what, done, total))
