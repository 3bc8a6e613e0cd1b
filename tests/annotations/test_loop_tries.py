"""What a project's loop remembers of its tries: failed, killed, on a full disk, under another schedule."""

import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from semsam_annotate.annotations import ImageRef, Project
from semsam_annotate.annotations.project_config import read_config, write_config
from semsam_annotate.annotations.retraining import memory as remembering
from semsam_annotate.annotations.retraining import ranking
from semsam_annotate.annotations.retraining.loop import Loop
from semsam_annotate.annotations.retraining.memory import LoopMemory
from semsam_annotate.annotations.retraining.plan import ATTEMPTS
from semsam_annotate.annotations.retraining.run import LOCK, runs
from semsam_annotate.annotations.retraining.writer import recorded
from semsam_annotate.api import encode_rle
from semsam_annotate.api.lock import held

MONDAY = datetime(2026, 11, 30, 15, 0)
FINISHING = """
import sys
from semsam_annotate.annotations import Project
from semsam_annotate.annotations.retraining.writer import recorded
with Project.open(sys.argv[1]) as project, recorded(project.models) as run:
    run.took(project.store.accepted_ids())
    run.finish({"version": "v"})
"""
REFUSED, SLOW = "import sys; sys.exit(1)", "import time; time.sleep(99)"


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "project", validation=0.0) as made:
        write_config(made.folder / "project.toml", replace(made.config, retrain_after=1))
        yield made


def accept(project):
    image = ImageRef("0" * 64, "photo.png", 8, 8)
    project.store.accept(image, mask=encode_rle(np.eye(8, dtype=bool)), kind="object", object="car")


def schedule(project, text, after=1000):
    path = project.folder / "project.toml"
    config = read_config(path)
    write_config(path, replace(config, retrain_after=after, retrain=replace(config.retrain, schedule=text)))


def loop_of(project, script, now=None):
    clock = now or [MONDAY]
    return Loop(project, command=[sys.executable, "-c", script, str(project.folder)], clock=lambda: clock[0])


def killed(loop):
    loop.child.kill()
    loop.child.wait()


def test_a_disk_that_is_full_begins_no_training_at_every_look(project, monkeypatch):
    with loop_of(project, REFUSED) as loop:
        assert loop.step().act == "wait"
        accept(project)

        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(remembering, "write_atomically", full)
        for _ in range(3):
            with pytest.raises(OSError, match="No space"):
                loop.step()
        assert loop.child is None
        monkeypatch.undo()
        assert loop.step().act == "start"
        loop.child.wait()


def test_a_try_that_failed_has_failed_for_the_next_loop_too(project):
    accept(project)
    with loop_of(project, REFUSED) as loop:
        assert loop.step().act == "start"
        loop.child.wait()
        loop.notice()
    with loop_of(project, REFUSED) as again:  # as --once from cron
        assert again.step().act == "wait"
        accept(project)
        assert again.step().act == "start"
        again.child.wait()


def test_a_finished_training_whose_folder_was_taken_away_was_not_interrupted(project):
    accept(project)
    with loop_of(project, FINISHING) as loop:
        assert loop.step().act == "start"
        loop.child.wait()
        assert loop.step().act == "wait"
        shutil.rmtree(project.models / "runs")
        assert loop.step().act == "wait"


def test_something_new_is_tried_as_often_as_what_was_killed_before(project):
    accept(project)
    with loop_of(project, SLOW) as loop:
        for _ in range(2):
            for attempt in range(ATTEMPTS):
                assert loop.step().act == "start", attempt
                killed(loop)
            assert "interrupted 3 times" in loop.step().reason
            accept(project)


def test_a_schedule_that_is_new_waits_for_its_next_time(project):
    now = [MONDAY - timedelta(days=2)]
    schedule(project, "")
    with loop_of(project, REFUSED, now) as loop:
        loop.step()
        accept(project)
        now[0] = MONDAY
        for text in ("0 2 * * *", "0 9 * * *"):
            schedule(project, text)
            assert loop.step().act == "wait"
        now[0] += timedelta(hours=18)
        assert loop.step().act == "start"
        loop.child.wait()


def test_a_time_that_comes_twice_in_autumn_trains_once(project):
    now = [datetime(2026, 10, 25, 2, 0)]
    schedule(project, "30 2 * * *")
    accept(project)
    with loop_of(project, FINISHING, now) as loop:
        loop.step()
        now[0] = datetime(2026, 10, 25, 2, 30, 20)
        assert loop.step().act == "start"
        loop.child.wait()
        accept(project)
        for minute in (0, 29, 30, 31):  # once more
            now[0] = datetime(2026, 10, 25, 2, minute)
            assert loop.step().act == "wait", minute
        now[0] += timedelta(days=1)
        assert loop.step().act == "start"
        loop.child.wait()


def test_the_number_of_a_process_may_come_again(project):
    """In containers they are small and repeat: a person's training is not the loop's for that."""
    config = read_config(project.folder / "project.toml")
    quiet = replace(config.retrain, quiet="14:00-18:00")
    write_config(project.folder / "project.toml", replace(config, retrain=quiet))
    with held(project.models / LOCK, "taken"):
        with recorded(project.models) as first:
            first.finish({"version": "v"})
        LoopMemory(since=MONDAY, pid=os.getpid(), host=socket.gethostname()).write(project.models)
        with loop_of(project, SLOW) as loop, recorded(project.models):
            assert [run.pid for run in runs(project.models)] == [os.getpid()] * 2
            assert loop.step().act == "wait"


@pytest.mark.parametrize("since", ["2026-11-29T14:00:00+00:00", "2026-11-29T14:00:00"])
def test_a_memory_with_a_time_zone_is_one_by_the_clock_on_the_wall(project, since):
    LoopMemory(since=datetime.fromisoformat(since)).write(project.models)
    assert LoopMemory.read(project.models).since.tzinfo is None
    with loop_of(project, REFUSED) as loop:
        assert loop.step().act == "wait"


def test_a_ranking_that_does_not_listen_is_ended(project, monkeypatch):
    monkeypatch.setattr(ranking, "GRACE", 0.1)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(99)"
    with loop_of(project, REFUSED) as loop, subprocess.Popen([sys.executable, "-c", deaf], stdout=-1) as child:
        child.stdout.readline()
        loop.ranking._child = child
        loop.ranking.stop()
        assert child.poll() == -signal.SIGKILL
