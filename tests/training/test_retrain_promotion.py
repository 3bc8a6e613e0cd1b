"""Which model serves at the end of a retraining, whatever people and disks did meanwhile."""

import errno
from dataclasses import replace

import pytest

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.retraining.run import runs
from semsam_annotate.annotations.retraining.writer import PutBy, RunWriter, put_by
from semsam_annotate.api import BadInput
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.model.registry import PACKAGED, ModelRegistry, Overtaken
from semsam_annotate.training.naming import NamingSettings
from semsam_annotate.training.retrain import RetrainSettings, retrain

FORCED = RetrainSettings(
    steps=2, batch=1, size=64, final_size=64, workers=0, replay_scenes=1, pictures=0, replay=0.0, force=True,
    naming=NamingSettings(batches=2, steps=5),
)  # fmt: skip


@pytest.fixture
def registry(annotated_scenes, tiny_weights) -> ModelRegistry:
    """Of a project that is served by a network of a few thousand weights, promoted over the packaged one."""
    registry = ModelRegistry(annotated_scenes(3).models, packaged_weights())
    registry.promote(registry.add(tiny_weights, {}).version)
    return registry


@pytest.fixture
def project(registry) -> Project:
    with Project.open(registry.folder.parent) as opened:
        yield opened


def test_a_promotion_over_another_model_changes_nothing(registry):
    serving = registry.active().version
    with pytest.raises(Overtaken, match=f"{serving} serves by now, not {PACKAGED}"):
        registry.promote(PACKAGED, over=PACKAGED)
    assert registry.active().version == serving
    assert registry.promote(PACKAGED, over=serving).version == registry.active().version == PACKAGED


def test_a_rollback_during_a_training_is_not_overruled(project, registry):
    rejected = registry.active().version

    def progress(what, done, _):
        if (what, done) == ("training", 1):
            registry.rollback()

    report = retrain(project, FORCED, progress)
    assert (report.promoted, registry.active().version) == (False, PACKAGED)
    assert f"{PACKAGED} serves by now, not {rejected}" in report.verdict.reasons[-1]
    assert "serves by now" in runs(project.models)[-1].page.read_text(encoding="utf-8")
    assert registry.get(report.version.version).notes["parent"] == rejected


@pytest.mark.parametrize("hold", [True, False])
def test_what_waits_for_a_person_does_so_whoever_goes_on_with_it(project, registry, hold):
    before = registry.active().version

    def progress(what, done, _):
        if (what, done) == ("training", 1):
            put_by(project.models)

    with pytest.raises(PutBy):
        retrain(project, replace(FORCED, hold=hold, force=not hold), progress)
    report = retrain(project, FORCED)  # as the loop begins it
    assert report.promoted == (not hold)
    assert (registry.active().version == before) == hold


def test_a_disk_that_fills_up_after_the_promotion_does_not_hide_it(project, registry, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(RunWriter, "finish", full)
    with pytest.raises(BadInput, match=r"the new model \w+ serves, but"):
        retrain(project, FORCED)
    serving = registry.active().version
    assert serving in runs(project.models)[-1].outcome.message


def test_damaged_notes_of_one_version_hide_no_other_and_stop_no_pruning(registry, tiny_weights):
    version = registry.active().version
    registry.promote(PACKAGED)
    (registry.folder / version / "notes.json").write_text("{")
    assert [one.version for one in registry.versions()] == [PACKAGED, version]
    with pytest.raises(BadInput, match="damaged"):
        registry.get(version)
    assert registry.prune(1) == []
