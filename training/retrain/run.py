"""One retraining: read the project, fine-tune the active model, compare, keep the version, promote it or not."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.retraining.writer import recorded
from semsam_annotate.api import BadInput, SemsamError
from semsam_annotate.model.engine import LocalEngine
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.model.registry import ModelRegistry, ModelVersion
from semsam_annotate.training.evaluation.result import EvaluationResult
from semsam_annotate.training.evaluation.run import evaluate
from semsam_annotate.training.evaluation.sample import EvaluationSample
from semsam_annotate.training.retrain.fine_tune import begin, fine_tune
from semsam_annotate.training.retrain.gate import Verdict, judge
from semsam_annotate.training.retrain.lock import only_one
from semsam_annotate.training.retrain.pictures import draw_before_after
from semsam_annotate.training.retrain.project_data import ProjectData, read_project
from semsam_annotate.training.retrain.replay import replay_sample
from semsam_annotate.training.retrain.settings import RetrainSettings
from semsam_annotate.training.retrain.telling import Progress, Telling
from semsam_annotate.training.retrain.work import asked_for, gone_on_with, work_folder


@dataclass(frozen=True)
class RetrainReport:
    """The new version, whether it serves now, and why; ``test_images``: annotated ones that it did not see."""

    version: ModelVersion
    promoted: bool
    verdict: Verdict
    train_images: int
    test_images: int = 0

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "version": self.version.version,
            "promoted": self.promoted,
            "train_images": self.train_images,
            "test_images": self.test_images,
            **self.verdict.to_json(),
        }


def retrain(
    project: Project, settings: RetrainSettings, progress: Progress = lambda what, done, total: None
) -> RetrainReport:
    """Fine-tune the full model on the accepted masks mixed with replayed scenes, then let the gate decide.

    The active model serves until the last moment: whatever happens before the promotion changes nothing. How far it is
    and how it ended lies in a folder of ``models/runs``. One that was killed or put by is gone on with. Raises BadInput
    when there is nothing to learn from or another retraining is running, PutBy when it was asked to end for now.
    """
    registry = ModelRegistry(project.models, packaged_weights())
    if settings.threads:
        torch.set_num_threads(settings.threads)
    with (
        only_one(project.models),
        recorded(project.models, settings.keep) as run,
        work_folder(project.models) as work,
    ):
        told = Telling(run, progress)
        data = read_project(project, lambda done, total: told("reading", done, total))
        if not data.train:
            raise BadInput(f"the project {project.folder} has no accepted annotations to train on")
        old, accepted = registry.active(), frozenset(project.store.accepted_ids())
        begun = gone_on_with(work, old.version, asked_for(settings), accepted) or begin(data, old, settings, work)
        run.took(begun.learned + data.judged)
        weights = fine_tune(begun, old, settings, work, told)
        verdict = _compare(data, old, weights, settings, work, told)
        version = registry.add(weights, {"parent": old.version, "verdict": verdict.to_json()})
        promoted = (verdict.promote or settings.force) and not settings.hold
        if promoted:
            registry.promote(version.version)
        report = RetrainReport(version, promoted, verdict, len(data.train), data.test_images)
        run.finish({"parent": old.version, **report.to_json()})
        return report


def _compare(
    data: ProjectData, old: ModelVersion, weights: Path, settings: RetrainSettings, work: Path, told: Telling
) -> Verdict:
    replay = replay_sample(work / "replay", settings.replay_scenes)
    results = {}
    for name, path in (("old", old.weights), ("new", weights)):
        for what, sample in (("validation", data.validation), ("replay", replay)):
            results[name, what] = _evaluate(path, sample, f"{what}, {name} model", told)
    both = results["old", "validation"], results["new", "validation"]
    with suppress(SemsamError, OSError):  # pictures are for people; the verdict does not hang on them
        draw_before_after((old.weights, weights), both, data.validation, told.run, settings.pictures)
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
