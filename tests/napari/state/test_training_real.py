"""A real fine-tuning of the packaged weights in its child process, tiny: to its verdict, promoted, back; killed."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from semsam_annotate.annotations import Project
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.model.registry import PACKAGED, ModelRegistry
from semsam_annotate.napari.state.training import TrainingRun

SCRIPT = Path(__file__).parents[1] / "tiny_retrain.py"


@pytest.fixture
def project(annotated_scenes):
    return annotated_scenes(3)


def _window(project: Project, clock: Callable[[], float] = time.monotonic) -> TrainingRun:
    return TrainingRun(project, [sys.executable, str(SCRIPT), str(project.folder)], clock)


def _until(run: TrainingRun, done, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"{run.stage} {run.error} {run.model.error}"
        run.poll()
        time.sleep(0.05)


def test_trained_judged_promoted_and_taken_back(project):
    run, other = _window(project), _window(project)
    run.recount()
    _until(run, lambda: run.counts.fresh > 0)
    run.start()
    _until(run, lambda: not run.busy)
    assert run.stage == "finished", run.error
    assert len(run.progress.curve) == run.progress.steps == 8
    assert (run.verdict.better, run.model.active) == (False, PACKAGED)
    assert any("held-back masks" in reason for reason in run.verdict.reasons)
    _until(run, lambda: run.counts.fresh == 0)
    (pair,) = run.run.pictures
    for picture in (pair.before, pair.after):
        with Image.open(picture) as image:
            assert image.format == "PNG"
    switched = []
    other.model.switched.connect(switched.append)
    run.model.promote(run.verdict.version)
    _until(run, lambda: not run.model.busy)
    registry = ModelRegistry(project.models, packaged_weights())
    assert run.model.active == registry.active().version == run.verdict.version
    run.model.go_back()
    _until(run, lambda: not run.model.busy)
    assert run.model.active == registry.active().version == PACKAGED
    other.poll()
    assert switched == []  # it looked too late: what serves now is what served before


def _killed(project: Project, wait: float | None) -> None:
    """``wait``: seconds from the start, None: until it learns."""
    run = _window(project)
    run.start()
    if wait is None:
        _until(run, lambda: len(run.progress.curve) > 2)
    else:
        time.sleep(wait)
    os.killpg(run._child.pid, signal.SIGKILL)
    _until(run, lambda: not run.busy)
    assert run.stage == "failed" or (run.stage == "finished" and run.verdict is not None)
    registry = ModelRegistry(project.models, packaged_weights())
    assert registry.active().version == PACKAGED
    for version in registry.versions():
        registry.promote(version.version)  # each can be loaded whole


def test_killed_while_it_learns_it_leaves_nothing_half(project):
    _killed(project, None)
    run = _window(project, lambda: 0.0)  # the time in which it ends by itself never runs out, however slow the machine
    run.start()
    _until(run, lambda: run.stage == "running")
    assert len(list(project.models.glob(".retrain-*"))) <= 1
    run.stop()
    _until(run, lambda: not run.busy)
    assert run.stage == "stopped"
    assert list(project.models.glob(".retrain-*")) == []


@pytest.mark.stress
@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_time_it_leaves_nothing_half(project, seed):
    _killed(project, random.Random(seed).uniform(0, 40))
