"""A project's loop: trainings begun, put by, tried again; one runner a project, by lock and heartbeat."""

import json
import os
import socket
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
from semsam_annotate.annotations.retraining.plan import ATTEMPTS
from semsam_annotate.annotations.retraining.run import LOCK, runs
from semsam_annotate.annotations.retraining.runner import LOOP_FILE, STALE, runner_of, running
from semsam_annotate.annotations.retraining.writer import recorded
from semsam_annotate.api import BadInput, encode_rle
from semsam_annotate.api.lock import held

SCRIPT = """
import signal, sys, time
from pathlib import Path
from semsam_annotate.annotations import Project
from semsam_annotate.annotations.retraining.writer import PutBy, recorded
from semsam_annotate.api.lock import held
from semsam_annotate.annotations.retraining.run import LOCK
folder, how = Path(sys.argv[1]), sys.argv[2]
if how == "refuse":
    sys.exit(2)
if how == "slow start":
    time.sleep(99)
with Project.open(folder) as project, held(project.models / LOCK, "taken"), recorded(project.models) as run:
    if how == "finish":
        run.took(project.store.accepted_ids())
        run.finish({"version": "v"})
    while how == "long":
        run.mark("training", 1, 9)
        time.sleep(0.02)
        try:
            run.check()
        except PutBy:
            (folder / "put by").touch()
            raise
"""
QUIET = {"quiet": "08:00-18:00"}


def wait(condition, seconds=20):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    assert condition()


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "project", validation=0.0) as made:
        write_config(made.folder / "project.toml", replace(made.config, retrain_after=3))
        yield made


@pytest.fixture
def clock():
    """A clock that goes on when told; it begins on a Monday at 19:00."""

    class Clock:
        now = datetime(2026, 11, 30, 19, 0)

        def __call__(self):
            return self.now

    return Clock()


@pytest.fixture
def loop_of(project, clock):
    """Makes a loop whose trainings do what a test says; they end with the test."""
    made = []

    def make(how="finish"):
        loop = Loop(project, command=[sys.executable, "-c", SCRIPT, str(project.folder), how], clock=clock)
        made.append(loop)
        return loop

    yield make
    for loop in made:
        if loop.child is not None:
            loop.child.kill()
            loop.child.wait()


def accept(project, count):
    image = ImageRef("0" * 64, "photo.png", 8, 8)
    for _ in range(count):
        project.store.accept(image, mask=encode_rle(np.eye(8, dtype=bool)), kind="object", object="car")


def set_retrain(project, after=3, **changes):
    path = project.folder / "project.toml"
    config = read_config(path)
    write_config(path, replace(config, retrain_after=after, retrain=replace(config.retrain, **changes)))


def test_enough_new_masks_start_one_training_and_what_it_knew_is_not_new(project, loop_of):
    with loop_of() as loop:
        accept(project, 2)
        assert loop.step().act == "wait"
        accept(project, 1)
        assert loop.step().act == "start"
        wait(lambda: loop.child.poll() is not None)
        assert [run.outcome.state for run in runs(project.models)] == ["finished"]
        accept(project, 2)
        assert loop.step().act == "wait"
        accept(project, 1)
        assert loop.step().act == "start"


def test_nothing_starts_beside_another_training(project, loop_of):
    accept(project, 3)
    with loop_of() as loop, held(project.models / LOCK, "taken"):
        assert loop.step().reason == "one goes on"


def test_a_try_that_failed_is_not_repeated_before_as_many_more_came(project, loop_of):
    accept(project, 3)
    with loop_of("refuse") as loop:
        assert loop.step().act == "start"
        loop.child.wait()
        assert loop.step().act == "wait"
        accept(project, 2)
        assert loop.step().act == "wait"
        accept(project, 1)
        assert loop.step().act == "start"


@pytest.mark.parametrize("when", ["at once", "while it trains"])
def test_a_killed_training_is_begun_again_a_few_times(project, loop_of, when):
    accept(project, 3)
    with loop_of("long") as loop:
        for attempt in range(ATTEMPTS):
            assert loop.step().act == "start", attempt
            if when == "while it trains":
                wait(lambda: runs(project.models) and runs(project.models)[-1].pid == loop.child.pid)
                assert loop.step().reason == "one goes on"
            loop.child.kill()
            loop.child.wait()
        assert loop.step().act == "wait"
        assert "interrupted 3 times" in loop.decision.reason
        accept(project, 3)
        assert loop.step().act == "start"


def test_a_training_that_a_killed_loop_began_is_waited_for_while_it_starts(project, loop_of):
    accept(project, 3)
    with loop_of("slow start") as first:
        assert first.step().act == "start"
    with loop_of() as second:  # as after kill -9 of the first
        assert second.step().reason == "one goes on"
        first.child.kill()
        first.child.wait()
        assert second.step().act == "start"


def test_quiet_hours_put_its_training_by_and_it_goes_on_afterwards(project, loop_of, clock):
    set_retrain(project, **QUIET)
    accept(project, 3)
    with loop_of("long") as loop:
        assert loop.step().act == "start"
        wait(lambda: runs(project.models))
        clock.now += timedelta(hours=14)
        assert loop.step().act == "pause"
        wait(lambda: (project.folder / "put by").exists())
        loop.child.wait()
        assert loop.step().at == clock.now.replace(hour=18)
        assert runs(project.models)[-1].outcome.state == "put by"
        clock.now += timedelta(hours=9)
        assert loop.step().act == "start"


def test_a_training_that_somebody_else_began_goes_on_in_quiet_hours(project, loop_of, clock):
    set_retrain(project, **QUIET)
    clock.now = clock.now.replace(hour=12)
    with loop_of() as loop, held(project.models / LOCK, "taken"), recorded(project.models):
        assert loop.step().act == "wait"


def test_a_time_of_the_schedule_trains_once_and_only_with_something_new(project, loop_of, clock):
    set_retrain(project, schedule="0 2 * * *")
    write_config(
        project.folder / "project.toml", replace(read_config(project.folder / "project.toml"), retrain_after=0)
    )
    accept(project, 1)
    clock.now = datetime.now().replace(hour=19) + timedelta(days=1)
    with loop_of() as loop:
        assert loop.step().act == "wait"
        clock.now += timedelta(hours=8)
        assert loop.step().act == "start"
        loop.child.wait()
        assert loop.step().act == "wait"
        clock.now += timedelta(days=1)
        assert loop.step().act == "wait"
        accept(project, 1)
        assert loop.step().act == "wait", "what comes after the time waits for the next"
        clock.now += timedelta(days=1)
        assert loop.step().act == "start"


def test_one_runner_and_the_other_is_told_who(project, loop_of):
    with loop_of(), pytest.raises(BadInput, match=f"process {os.getpid()} on|runs already"), loop_of():
        pass
    assert runner_of(project.models) is None


def test_one_on_another_machine_lives_as_long_as_its_heart_beats(project):
    with running(project.models):
        row = json.loads((project.models / LOOP_FILE).read_text())
    elsewhere = {**row, "host": "elsewhere", "pid": 7}
    (project.models / LOOP_FILE).write_text(json.dumps(elsewhere))
    with pytest.raises(BadInput, match="process 7 on elsewhere, since"), running(project.models):
        pass
    (project.models / LOOP_FILE).write_text(json.dumps({**elsewhere, "pid": os.getpid()}))  # as containers have them
    with pytest.raises(BadInput, match="on elsewhere, since"), running(project.models):
        pass
    for wrong in (-STALE - 1, STALE + 1):
        (project.models / LOOP_FILE).write_text(json.dumps({**elsewhere, "beat": time.time() + wrong}))
        with running(project.models):
            assert runner_of(project.models).host == socket.gethostname()


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[]", b'{"pid": "x"}', b"\xff"])
def test_damaged_files_are_as_if_they_were_not_there(project, loop_of, content):
    for name in (LOOP_FILE, "loop-tried.json"):
        (project.models / name).write_bytes(content)
    with loop_of() as loop:
        assert loop.step().act == "wait"
        assert LoopMemory.read(project.models).since is not None
