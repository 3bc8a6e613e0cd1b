"""The loop with real trainings of a tiny network: killed again and again, loop and training, until one has ended."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.project_config import write_config
from semsam_annotate.annotations.retraining.counts import MaskCounter
from semsam_annotate.annotations.retraining.run import LOCK, runs
from semsam_annotate.annotations.retraining.runner import runner_of
from semsam_annotate.api.lock import is_held
from semsam_annotate.api.promotions import Promotions
from semsam_annotate.model.checkpoints.weights import load_checkpoint
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.model.registry import ModelRegistry

TRAINS = """
import sys
from pathlib import Path
import torch
from semsam_annotate.annotations import Project
from semsam_annotate.training.naming import NamingSettings
from semsam_annotate.training.retrain import GateSettings, RetrainSettings, retrain
torch.set_num_threads(1)
with Project.open(Path(sys.argv[1])) as project:
    retrain(project, RetrainSettings(steps=6, batch=1, size=64, final_size=64, workers=0, replay_scenes=1, pictures=3,
        keep=2, force=True, replay=0.0, naming=NamingSettings(batches=2, steps=5)))
"""
LOOPS = f"""
import sys, time
from semsam_annotate.annotations import Project
from semsam_annotate.annotations.retraining.loop import Loop
with Project.open(sys.argv[1]) as project:
    with Loop(project, command=[sys.executable, "-c", {TRAINS!r}, sys.argv[1]]) as loop:
        while True:
            loop.step()
            time.sleep(0.1)
"""


@pytest.fixture
def project(annotated_scenes, tiny_weights) -> Project:
    """Served by a network of a few thousand weights, with everything new."""
    made = annotated_scenes(3)
    registry = ModelRegistry(made.models, packaged_weights())
    registry.promote(registry.add(tiny_weights, {}).version)
    write_config(made.folder / "project.toml", replace(made.config, retrain_after=3))
    return made


def _loop(project: Project) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", LOOPS, str(project.folder)], start_new_session=True)


def _finished(project: Project) -> bool:
    found = runs(project.models)
    return bool(found) and found[-1].outcome is not None and found[-1].outcome.state == "finished"


def _wait(condition, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def _training(loop: "subprocess.Popen[bytes]") -> list[int]:
    """Processes that the loop began."""
    children = Path(f"/proc/{loop.pid}/task/{loop.pid}/children")
    return [int(pid) for pid in children.read_text().split()] if children.exists() else []


@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are found in /proc")
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.stress) for seed in range(1, 20))])
def test_whatever_is_killed_and_when_it_ends_with_one_whole_model(project, seed):
    chance = random.Random(seed)
    loop = _loop(project)
    try:
        for _ in range(2):
            time.sleep(chance.uniform(0.5, 9))
            victims = [loop.pid] if chance.random() < 0.5 else []
            victims += _training(loop) if not victims or chance.random() < 0.5 else []
            for pid in victims:
                os.kill(pid, signal.SIGKILL)
            if loop.pid in victims:
                loop.wait()
                loop = _loop(project)
        assert _wait(lambda: _finished(project), 120), [run.outcome for run in runs(project.models)]
        assert _wait(lambda: runner_of(project.models) is not None, 30)
        assert runner_of(project.models).pid == loop.pid
        assert _wait(lambda: not is_held(project.models / LOCK), 20)
    finally:
        loop.kill()
        loop.wait()
    (run,) = runs(project.models)
    assert MaskCounter(project).all().fresh == 0
    assert Promotions(project.models).history()[-1] == run.outcome.report["version"]
    for version in ModelRegistry(project.models, packaged_weights()).versions():
        load_checkpoint(version.weights)
    assert run.page.stat().st_size > 10_000
    assert (run.folder / "report.png").read_bytes()[:4] == b"\x89PNG"
    assert not [path.name for path in project.models.glob(".retrain-*")]
