"""A retraining that is killed or put by is gone on with, unless what it learned from or its settings changed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.retraining.counts import MaskCounter
from semsam_annotate.annotations.retraining.progress import ProgressReader
from semsam_annotate.annotations.retraining.run import WORK, runs
from semsam_annotate.annotations.retraining.writer import PutBy, put_by, recorded
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.model.registry import PACKAGED, ModelRegistry
from semsam_annotate.training.naming import NamingSettings
from semsam_annotate.training.retrain import RetrainSettings, retrain
from semsam_annotate.training.retrain.work import MOST_RESUMES, Begun

SMALL = RetrainSettings(
    steps=4, batch=1, size=64, final_size=64, workers=0, replay_scenes=1, pictures=0, replay=0.0,
    naming=NamingSettings(batches=2, steps=5),
)  # fmt: skip
KILLED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
import torch
from semsam_annotate.annotations import Project
from semsam_annotate.annotations.retraining.writer import RunWriter
from semsam_annotate.training.naming import NamingSettings
from semsam_annotate.training.retrain import RetrainSettings, retrain
torch.set_num_threads(1)
small = RetrainSettings(steps=4, batch=1, size=64, final_size=64, workers=0, replay_scenes=1, pictures=0, replay=0.0,
    naming=NamingSettings(batches=2, steps=5))
what, done = sys.argv[2].split(":")
def progress(now, at, total):
    if now == what and at >= int(done):  # both models are told of an image at a time, which has several masks
        os.kill(os.getpid(), signal.SIGKILL)
finish = RunWriter.finish
def finish_and_die(run, report):
    finish(run, report)
    os.kill(os.getpid(), signal.SIGKILL)
if what == "verdict":
    RunWriter.finish = finish_and_die
with Project.open(Path(sys.argv[1])) as project:
    retrain(project, small, progress)
"""


@pytest.fixture
def project(annotated_scenes, tiny_weights) -> Project:
    """Served by a network of a few thousand weights, which learns in no time."""
    made = annotated_scenes(3)
    registry = ModelRegistry(made.models, packaged_weights())
    registry.promote(registry.add(tiny_weights, {}).version)
    return made


def _put_by(project: Project, at: int) -> None:
    def progress(what: str, done: int, total: int) -> None:
        if (what, done) == ("training", at):
            put_by(project.models)

    with pytest.raises(PutBy):
        retrain(project, SMALL, progress)


def _trained(project: Project) -> list[int]:
    """Steps of training that the last run took."""
    return [mark.done for mark in ProgressReader(runs(project.models)[-1].progress).new() if mark.what == "training"]


def test_one_that_was_put_by_goes_on_after_its_step_and_ends_where_it_would_have(project, tmp_path):
    whole = shutil.copytree(project.folder, tmp_path / "copy")
    _put_by(project, 2)
    assert runs(project.models)[-1].outcome.state == "put by"
    assert MaskCounter(project).all().fresh > 0
    versions = [retrain(project, SMALL).version.version]
    assert _trained(project) == [3, 4]
    assert not (project.models / WORK).exists()
    assert MaskCounter(project).all().fresh == 0
    with Project.open(whole) as other:
        versions.append(retrain(other, SMALL).version.version)
    assert versions[0] == versions[1]


_RARE = ("settings", "another model", "killed too often", "damaged")


@pytest.mark.parametrize("change", ["a mask taken back", *(pytest.param(it, marks=pytest.mark.stress) for it in _RARE)])
def test_it_begins_anew_when_going_on_would_not_be_the_same(project, change):
    _put_by(project, 2)
    work, settings = project.models / WORK, SMALL
    if change == "settings":
        settings = replace(SMALL, lr=1e-4)
    elif change == "a mask taken back":
        project.store.delete(Begun.read(work).learned[0])
    elif change == "damaged":
        (work / "begun.json").write_bytes(b"{")
    else:
        odd = {"parent": "0" * 12} if change == "another model" else {"resumed": MOST_RESUMES}
        replace(Begun.read(work), **odd).write(work)
    retrain(project, settings)
    assert _trained(project) == [1, 2, 3, 4]


def _kill(project: Project, at: str) -> None:
    command = [sys.executable, "-c", KILLED, str(project.folder), at]
    assert subprocess.run(command, capture_output=True, check=False).returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    "at",
    [
        "training:3",
        *(pytest.param(at, marks=pytest.mark.stress) for at in ("reading:1", "training:1", "training:4", "naming:1")),
        *(pytest.param(f"{what}, {which} model:1", marks=pytest.mark.stress)
          for what in ("validation", "replay") for which in ("old", "new")),
    ],
)  # fmt: skip
def test_a_kill_leaves_no_model_and_no_run_that_counts_and_the_next_one_ends_well(project, at):
    _kill(project, at)
    registry = ModelRegistry(project.models, packaged_weights())
    assert len(registry.versions()) == 2, "the packaged and the one that serves"
    assert [run.outcome for run in runs(project.models)] == [None]
    assert MaskCounter(project).all().fresh > 0
    report = retrain(project, SMALL)
    assert [run.number for run in runs(project.models)] == [2], "the half run is gone"
    assert _trained(project)[-1:] in ([], [4])
    assert report.version.version in {version.version for version in registry.versions()}
    assert not [path.name for path in project.models.glob(".retrain-*")]


def test_a_request_to_end_for_now_is_for_one_run_only(project):
    put_by(project.models)
    assert not list(project.models.glob(".retrain-*")), "none goes on"
    with recorded(project.models) as run:
        put_by(project.models)
        with pytest.raises(PutBy):
            run.check()
    with recorded(project.models) as run:
        run.check()


def test_rollback_leads_back_after_as_many_trainings_as_are_kept(project):
    registry, versions = ModelRegistry(project.models, packaged_weights()), []
    for seed in range(3):
        settings = replace(SMALL, steps=1, seed=seed, blend=1.0, force=True, keep=1)
        versions.append(retrain(project, settings).version.version)
    assert [version.version for version in registry.versions()] == [PACKAGED, *versions[-2:]]
    assert [run.number for run in runs(project.models)] == [2, 3], "and the last verdict before"
    assert registry.rollback().version == versions[-2]


def test_a_kill_after_the_verdict_leaves_nothing_to_go_on_with(project):
    """The work of a training that came to a verdict is not gone on with: the next one learns what is new."""
    _kill(project, "verdict:0")
    assert runs(project.models)[-1].outcome.state == "finished"
    assert (project.models / WORK).exists()
    retrain(project, SMALL)
    assert _trained(project) == [1, 2, 3, 4]


@pytest.mark.stress
@pytest.mark.parametrize("seed", range(20))
def test_kills_at_any_moment(project, seed):
    """Killed from outside after a random while, and again while it goes on."""
    import random

    for again in range(2):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(project.folder), "never:0"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(random.Random(f"{seed} {again}").uniform(2, 25))
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        for run in runs(project.models):
            assert run.outcome is None or run.outcome.state == "finished"
    retrain(project, SMALL)
    ended = runs(project.models)
    assert [run.outcome.state for run in ended] == ["finished"] * len(ended)
    assert json.loads((ended[-1].folder / "masks.json").read_text())
    assert not [path.name for path in project.models.iterdir() if path.name.startswith(".retrain-")]
