"""Old and new model on the same clicks: held-back masks and the replay set; the gate's verdict; pictures."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from semsam_annotate.api import SemsamError
from semsam_annotate.model.engine import LocalEngine
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.registry import ModelVersion
from semsam_annotate.training.evaluation.pictures import Picture, draw_pictures
from semsam_annotate.training.evaluation.result import EvaluationResult
from semsam_annotate.training.evaluation.run import Progress, evaluate
from semsam_annotate.training.evaluation.sample import EvaluationSample
from semsam_annotate.training.retrain.gate import Verdict, judge
from semsam_annotate.training.retrain.pictures import draw_before_after
from semsam_annotate.training.retrain.replay import replay_sample
from semsam_annotate.training.retrain.settings import RetrainSettings
from semsam_annotate.training.retrain.telling import Telling


@dataclass(frozen=True)
class Judged:
    """The verdict, and the best and worst masks of the new model as pictures."""

    verdict: Verdict
    cases: dict[str, list[Picture]] = field(default_factory=dict)


def compare(
    sample: EvaluationSample, old: ModelVersion, weights: Path, settings: RetrainSettings, work: Path, told: Telling
) -> Judged:
    """Ask both models for every mask of the held-back ``sample`` and of the replay set; draw some of them."""
    replay = replay_sample(work / "replay", settings.replay_scenes)
    both = (("validation", sample), ("replay", replay))
    after = [_evaluate(weights, one, f"{what}, new model", told) for what, one in both]  # first: it may be broken
    before = [_evaluate(old.weights, one, f"{what}, old model", told) for what, one in both]
    cases: dict[str, list[Picture]] = {}
    with suppress(SemsamError, OSError):  # pictures are for people; the verdict does not hang on them
        draw_before_after((old.weights, weights), (before[0], after[0]), sample, told.run, settings.pictures)
        cases = _cases(weights, sample, after[0], settings.pictures)
    return Judged(judge(before[0], after[0], before[1], after[1], settings.gate), cases)


def _cases(weights: Path, sample: EvaluationSample, result: EvaluationResult, most: int) -> dict[str, list[Picture]]:
    model = LoadedModel.read(weights, "auto")
    return draw_pictures(LocalEngine(lambda: model), {"": sample}, result, each=most // 3) if most >= 3 else {}


def _evaluate(weights: Path, sample: EvaluationSample, what: str, told: Telling) -> EvaluationResult:
    model = LoadedModel.read(weights, "auto")
    engine = LocalEngine(lambda: model)
    if not len(sample):
        return EvaluationResult((), engine=model.name, version=model.version)
    progress: Progress = lambda done, total: told(what, done, total)  # noqa: E731
    return evaluate(engine, sample, progress=progress)
