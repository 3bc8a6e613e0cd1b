"""One retraining: read the project, fine-tune the active model, compare, keep the version, promote it or not."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.retraining.learned import learned_by
from semsam_annotate.annotations.retraining.writer import recorded
from semsam_annotate.api import BadInput, SemsamError
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.model.registry import ModelRegistry, ModelVersion, Overtaken
from semsam_annotate.training.calibrating import calibrate_quietly
from semsam_annotate.training.retrain.fine_tune import begin, fine_tune
from semsam_annotate.training.retrain.gate import Verdict
from semsam_annotate.training.retrain.judging import compare
from semsam_annotate.training.retrain.lock import only_one
from semsam_annotate.training.retrain.news import News, news_of
from semsam_annotate.training.retrain.project_data import read_project
from semsam_annotate.training.retrain.report import write_report
from semsam_annotate.training.retrain.settings import RetrainSettings
from semsam_annotate.training.retrain.telling import Progress, Telling
from semsam_annotate.training.retrain.work import asked_for, done_with, gone_on_with, work_folder


@dataclass(frozen=True)
class RetrainReport:
    """The new version, whether it serves now, and why; ``test_images``: annotated ones that it did not see. ``news``:
    what it learned that the one before did not know; ``leaks``: sentences about images that lie in two splits.
    ``page``: the report for people."""

    version: ModelVersion
    promoted: bool
    verdict: Verdict
    train_images: int
    test_images: int = 0
    news: News = field(default_factory=News)
    leaks: tuple[str, ...] = ()
    page: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "version": self.version.version,
            "promoted": self.promoted,
            "train_images": self.train_images,
            "test_images": self.test_images,
            "news": self.news.to_json(),
            "leaks": list(self.leaks),
            "page": None if self.page is None else str(self.page),
            **self.verdict.to_json(),
        }


def retrain(
    project: Project, settings: RetrainSettings, progress: Progress = lambda what, done, total: None
) -> RetrainReport:
    """Fine-tune the full model on the accepted masks mixed with replayed scenes, then let the gate decide.

    The active model serves until the last moment: whatever happens before the promotion changes nothing. How far it is
    and how it ended lies in a folder of ``models/runs``. One that was killed or put by is gone on with. Raises BadInput
    when there is nothing to learn from, the GPU asked for is not there or another retraining is running, PutBy when it
    was asked to end for now.
    """
    registry = ModelRegistry(project.models, packaged_weights())
    if settings.threads:
        torch.set_num_threads(settings.threads)
    with (
        only_one(project.models),
        recorded(project.models, settings.keep) as run,
        work_folder(project.models) as work,
    ):
        _check_gpu(project.config.retrain.gpu_number)
        told = Telling(run, progress)
        data = read_project(project, lambda done, total: told("reading", done, total))
        if not data.train:
            raise BadInput(f"the project {project.folder} has no accepted annotations to train on")
        old, accepted = registry.active(), frozenset(project.store.accepted_ids())
        begun = gone_on_with(work, old.version, asked_for(settings), accepted) or begin(data, old, settings, work)
        run.took(begun.learned + data.judged)
        learned_by(run.run, project.store)  # now, when few masks are newer, it is told in fewest words
        weights = fine_tune(begun, old, settings, work, told)
        judged = compare(data.validation, old, weights, settings, work, told)
        verdict, news = judged.verdict, news_of(project, begun.learned + data.judged)
        version = registry.add(weights, {"parent": old.version, "verdict": verdict.to_json()})
        calibrate_quietly(weights, project.models, data.validation, partial(told, "calibrating"))
        wanted = (verdict.promote or settings.force) and not (settings.hold or begun.hold)
        promoted, verdict = _promoted(registry, version, old, verdict) if wanted else (False, verdict)
        report = RetrainReport(
            version, promoted, verdict, begun.images, data.test_images, news, data.leaks, run.run.page
        )
        plain = {"parent": old.version, **report.to_json()}
        with _told_that_it_serves(version) if promoted else nullcontext():
            write_report(run.run, plain, news.sentence, report.leaks, judged.cases)
            done_with(work)
            run.finish(plain)
        with suppress(SemsamError, OSError):  # the new model serves, whatever is wrong with an old one
            registry.prune(settings.keep)
        return report


def _check_gpu(number: int | None) -> None:
    """BadInput where a GPU is asked for by its number and there is none: the processor would take hours, unsaid."""
    if number is not None and not torch.cuda.is_available():
        raise BadInput(
            f"gpu = {number} in [retrain], and PyTorch finds no such GPU here: write the number of one that nvidia-smi "
            'lists, "auto", or "none" for the processor'
        )


def _promoted(
    registry: ModelRegistry, version: ModelVersion, old: ModelVersion, verdict: Verdict
) -> tuple[bool, Verdict]:
    """Promote over the model that it was compared with; whether it serves, and the verdict with the reason why not."""
    try:
        registry.promote(version.version, over=old.version)
    except Overtaken as error:
        return False, replace(verdict, reasons=(*verdict.reasons, str(error)))
    return True, verdict


@contextmanager
def _told_that_it_serves(version: ModelVersion) -> Iterator[None]:
    """What goes wrong after the promotion, as on a full disk, does not take it back."""
    try:
        yield
    except OSError as error:
        raise BadInput(
            f"the new model {version.version} serves, but how it was trained is not written: {error}"
        ) from error
