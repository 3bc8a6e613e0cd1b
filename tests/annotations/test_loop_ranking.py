"""Rankings that a project's loop begins: neither in quiet hours nor beside a training, whoever began either."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.next_images import NextImages, write_next
from semsam_annotate.annotations.project_config import read_config, write_config
from semsam_annotate.annotations.retraining.begun import BegunProcess
from semsam_annotate.annotations.retraining.loop import Loop
from semsam_annotate.annotations.retraining.ranking import PROCESS, Ranking
from semsam_annotate.annotations.retraining.run import LOCK
from semsam_annotate.api.lock import held

EVENING = datetime(2026, 11, 30, 19, 0)
SLEEP = [sys.executable, "-c", "import time; time.sleep(99)"]


@pytest.fixture
def project(tmp_path):
    """One whose order of images was made for another model, with quiet hours from eight to six."""
    with Project.create(tmp_path / "project") as made:
        path = made.folder / "project.toml"
        config = read_config(path)
        write_config(path, replace(config, retrain=replace(config.retrain, quiet="08:00-18:00")))
        write_next(made.models, NextImages("random", "v", "another", "2030", ()))
        yield made


@pytest.fixture
def loop_of(project):
    """Makes loops whose rankings go on until they are ended, by the test at the latest."""
    began = []

    def make(now):
        loop = Loop(project, command=["true"], clock=lambda: now[0])
        loop.ranking = Ranking(project.folder, project.order, lambda folder, order: SLEEP)
        began.append(loop.ranking)
        return loop

    yield make
    for ranking in began:
        if ranking.child is not None:
            ranking.child.kill()
            ranking.child.wait()


def test_none_begins_in_quiet_hours_and_one_that_goes_on_ends_and_begins_again_after_them(loop_of):
    now = [EVENING.replace(hour=10)]
    with loop_of(now) as loop:
        loop.step()
        assert loop.ranking.child is None
        now[0] = EVENING
        loop.step()
        first = loop.ranking.child
        assert first.poll() is None
        now[0] = EVENING + timedelta(hours=14)
        loop.step()
        assert first.poll() is not None
        now[0] = EVENING + timedelta(days=1)
        loop.step()
        assert loop.ranking.child.poll() is None
        assert loop.ranking.child.pid != first.pid


def test_a_training_that_a_person_began_ends_it(loop_of, project):
    with loop_of([EVENING]) as loop:
        loop.step()
        assert loop.ranking.child.poll() is None
        with held(project.models / LOCK, "taken"):
            loop.step()
            assert loop.ranking.child.poll() is not None


def test_one_that_a_killed_loop_began_is_found_by_the_next(loop_of, project):
    with loop_of([EVENING]) as killed:
        killed.step()
    with loop_of([EVENING]) as loop:
        loop.step()
        assert loop.ranking.child is None, "one goes on"
        with held(project.models / LOCK, "taken"):
            loop.step()
        assert killed.ranking.child.poll() is not None
        loop.step()
        assert loop.ranking.child.poll() is None


def test_a_later_process_of_the_same_number_is_left_alone(loop_of, project):
    with subprocess.Popen(SLEEP, start_new_session=True) as other, loop_of([EVENING]) as loop:
        BegunProcess.of(other.pid).write(project.models / PROCESS)
        row = json.loads((project.models / PROCESS).read_bytes())
        for change in ({"birth": row["birth"] + "1"}, {"host": "mill"}, {"birth": ""}):
            (project.models / PROCESS).write_text(json.dumps({**row, **change}))
            with held(project.models / LOCK, "taken"):
                loop.step()
            assert other.poll() is None
        (project.models / PROCESS).write_text(json.dumps(row))
        with held(project.models / LOCK, "taken"):
            loop.step()
        assert other.poll() is not None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff"])
def test_a_damaged_note_of_it_is_none(tmp_path, content):
    (tmp_path / PROCESS).write_bytes(content)
    assert BegunProcess.read(tmp_path / PROCESS) is None


def test_a_process_that_has_ended_is_not_alive():
    with subprocess.Popen(SLEEP) as child:
        begun = BegunProcess.of(child.pid)
        assert begun.alive
        child.kill()
        child.wait()
    assert not begun.alive
    assert BegunProcess.of(os.getpid()).alive
