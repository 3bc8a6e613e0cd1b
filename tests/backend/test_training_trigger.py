"""So many newly accepted masks start one training, and nothing starts a second one beside it."""

import os
import signal
import sys
import time

import numpy as np
import pytest

from semsam_annotate.annotations import ImageRef, Project
from semsam_annotate.annotations.lock import held
from semsam_annotate.annotations.retraining.run import LOCK
from semsam_annotate.annotations.retraining.writer import recorded
from semsam_annotate.api import encode_rle
from semsam_annotate.backend.label_studio.retraining import Retraining
from semsam_annotate.backend.label_studio.trigger import Trigger


def wait(condition):
    until = time.monotonic() + 20
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    assert condition()


@pytest.fixture
def project(project_folder):
    with Project.open(project_folder) as project:
        yield project


@pytest.fixture
def runner(project, monkeypatch):
    """Its command ends at once with the code that ``runner.code`` says."""
    code = "import sys, time; time.sleep(float(sys.argv[1])); sys.exit(int(sys.argv[2]))"
    runner = Retraining(project.folder)
    runner.seconds, runner.code = 0, 0
    monkeypatch.setattr(runner, "command", lambda: [sys.executable, "-c", code, str(runner.seconds), str(runner.code)])
    return runner


def accept(project, count):
    image = ImageRef("0" * 64, "photo.png", 8, 8)
    return [
        project.store.accept(image, mask=encode_rle(np.eye(8, dtype=bool)), kind="object", object="car").id
        for _ in range(count)
    ]


def test_enough_new_masks_start_one_training(project, runner):
    trigger = Trigger(project.store, runner, 3)
    accept(project, 2)
    assert not trigger.look()
    accept(project, 1)
    runner.seconds = 60
    assert trigger.look()
    accept(project, 5)
    assert not trigger.look(), "one goes on"
    assert runner.start()["state"] == "running"
    os.kill(runner.start()["pid"], signal.SIGKILL)
    wait(lambda: not runner.running)


def test_a_failed_try_is_not_repeated_before_as_many_more_came(project, runner):
    trigger = Trigger(project.store, runner, 3)
    accept(project, 3)
    runner.code = 2
    assert trigger.look()
    wait(lambda: runner.state() == "ended with 2")
    accept(project, 2)
    assert not trigger.look()
    accept(project, 1)
    assert trigger.look()
    wait(lambda: not runner.running)


def test_masks_that_a_finished_training_knew_are_not_new(project, runner):
    with recorded(project.models) as run:
        run.took(accept(project, 3))
        run.finish({})
    accept(project, 2)
    assert not Trigger(project.store, runner, 3).look()
    assert Trigger(project.store, runner, 2).look()
    wait(lambda: not runner.running)


def test_a_training_of_another_process_holds_the_lock(project, runner):
    accept(project, 3)
    with held(project.models / LOCK, "taken"):
        assert runner.state() == "running"
        assert runner.start()["state"] == "running"
        assert not Trigger(project.store, runner, 1).look()
    assert runner.state() == "idle"


def test_it_never_starts_unless_it_is_told_to(project, runner):
    accept(project, 3)
    assert not Trigger(project.store, runner, 0).look()
    assert project.config.retrain_after == 0


def test_submitted_annotations_set_it_off(label_studio, body_of, monkeypatch):
    service = label_studio.app.state.label_studio
    began = []
    monkeypatch.setattr(service.retraining, "start", lambda: began.append(1) or {"state": "started"})
    service.trigger.after = 1
    looking = label_studio.portal.start_task_soon(service.trigger.run)
    try:
        body = body_of("webhook_annotation_created_ui")
        assert label_studio.post("/webhook", json=body).status_code == 201
        wait(lambda: began)
        label_studio.portal.call(service.hooks.settled)
        assert began
    finally:
        looking.cancel()
