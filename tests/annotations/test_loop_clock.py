"""A loop whose clock was wrong, and one that is asked to end or to train at an awkward moment."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from semsam_annotate.annotations import ImageRef, Project
from semsam_annotate.annotations.project_config import read_config, write_config
from semsam_annotate.annotations.retraining.loop import Loop
from semsam_annotate.annotations.retraining.memory import LoopMemory
from semsam_annotate.annotations.retraining.run import STALE
from semsam_annotate.api import BadInput, encode_rle
from semsam_annotate.training.retrain.lock import only_one

NOW = datetime(2026, 11, 30, 19, 0)


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "project", validation=0.0) as made:
        path, image = made.folder / "project.toml", ImageRef("0" * 64, "photo.png", 8, 8)
        made.store.accept(image, mask=encode_rle(np.eye(8, dtype=bool)), kind="object", object="car")
        config = read_config(path)
        write_config(path, replace(config, retrain=replace(config.retrain, schedule="0 * * * *")))
        yield made


def sleeping(project, now):
    """A loop whose training never gets to work."""
    return Loop(project, command=[sys.executable, "-c", "import time; time.sleep(99)"], clock=lambda: now[0])


def test_a_clock_that_was_ahead_does_not_stop_the_schedule(project):
    LoopMemory(since=datetime(2031, 1, 1)).write(project.models)
    now = [NOW + timedelta(minutes=5)]
    with sleeping(project, now) as loop:
        assert loop.step().act == "wait"
        now[0] += timedelta(hours=1)
        assert loop.step().act == "start"
        loop.child.kill()
        loop.child.wait()


def test_a_training_that_only_loads_yet_ends_with_the_loop_and_is_begun_again(project):
    now = [NOW + timedelta(minutes=5)]
    with sleeping(project, now) as loop:
        loop.step()
        now[0] += timedelta(hours=1)
        assert loop.step().act == "start"
        assert loop.put_by()
        assert loop.child.wait(10) != 0
        assert not loop.put_by()
    with sleeping(project, now) as again:
        decision = again.step()
        assert (decision.act, decision.reason) == ("start", "the last one was interrupted")
        again.child.kill()
        again.child.wait()


def test_a_training_on_another_machine_is_left_alone_while_it_shows_signs_of_life(project):
    """On a network drive its lock may not be seen."""
    folder = project.models / "runs" / "0001"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"started": "2026-11-30T18:00:00+00:00", "pid": 7, "host": "mill"}))
    (folder / "progress.jsonl").write_text("{}\n")
    now = [NOW + timedelta(minutes=5)]
    with sleeping(project, now) as loop:
        assert loop.step().reason == "one goes on"
        with pytest.raises(BadInput, match="already running on mill"), only_one(project.models):
            pass
        for path in folder.iterdir():
            os.utime(path, (time.time() - STALE - 1,) * 2)
        assert loop.step().reason == "the last one was interrupted"
        loop.child.kill()
        loop.child.wait()


def test_images_are_not_ranked_beside_a_training_that_loads(project):
    """Nor does a ranking go on when a training begins."""
    now = [NOW + timedelta(minutes=5)]
    with sleeping(project, now) as loop:
        began = []
        loop.ranking.step = lambda: began.append(loop.decision.act)
        loop.step()
        assert len(began) == 1
        ranking = loop.ranking._child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(99)"])
        now[0] += timedelta(hours=1)
        assert loop.step().act == "start"
        assert ranking.poll() is not None
        time.sleep(0.1)
        assert loop.step().act == "wait"
        assert len(began) == 1
        loop.child.kill()
        loop.child.wait()
