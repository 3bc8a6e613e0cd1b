"""The project's loop inside a server: news set it off, one process runs it, the status says what comes next."""

import asyncio
import time
from dataclasses import replace

import numpy as np
import pytest

from semsam_annotate.annotations import ImageRef, Project
from semsam_annotate.annotations.project_config import read_config, write_config
from semsam_annotate.annotations.retraining.loop import Loop
from semsam_annotate.annotations.retraining.runner import runner_of, running
from semsam_annotate.annotations.retraining.writer import recorded
from semsam_annotate.api import encode_rle
from semsam_annotate.backend.label_studio.looping import Looping


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
def looping(project, tmp_path):
    """A server's loop; what trains leaves a file."""
    began = tmp_path / "began"
    found = Looping(Loop(project, command=["touch", str(began)]))
    found.began = began
    yield found
    found._leave()


def accept(project, count):
    image = ImageRef("0" * 64, "photo.png", 8, 8)
    for _ in range(count):
        project.store.accept(image, mask=encode_rle(np.eye(8, dtype=bool)), kind="object", object="car")


def set_after(project, after):
    path = project.folder / "project.toml"
    write_config(path, replace(read_config(path), retrain_after=after, validation=0.0))


def test_it_runs_no_loop_unless_the_project_asks_for_one(project, looping):
    accept(project, 3)
    assert looping.look() is None
    assert runner_of(project.models) is None
    set_after(project, 3)
    assert looping.look().act == "start"
    wait(looping.began.exists)
    assert runner_of(project.models) is not None
    set_after(project, 0)
    assert looping.look() is None
    assert runner_of(project.models) is None


def test_another_process_may_run_it_and_is_taken_over(project, looping):
    set_after(project, 3)
    with running(project.models):
        assert looping.look() is None
    assert looping.look().act == "wait"


def test_the_servers_option_wins(project):
    set_after(project, 3)
    assert not Loop(project, after=0).wanted
    assert Loop(project, after=5).wanted


def test_submitted_annotations_set_it_off(label_studio, body_of, monkeypatch):
    service = label_studio.app.state.label_studio
    began = []
    monkeypatch.setattr(Looping, "look", lambda self: began.append(1))
    looking = label_studio.portal.start_task_soon(service.looping.run)
    try:
        wait(lambda: began)
        before = len(began)
        body = body_of("webhook_annotation_created_ui")
        assert label_studio.post("/webhook", json=body).status_code == 201
        wait(lambda: len(began) > before)
        label_studio.portal.call(service.hooks.settled)
    finally:
        looking.cancel()


def test_many_changes_at_once_are_one_look(label_studio, monkeypatch):
    looping, began = label_studio.app.state.label_studio.looping, []
    monkeypatch.setattr(Looping, "look", lambda self: began.append(1))
    looping.pause = 1e6
    looking = label_studio.portal.start_task_soon(looping.run)
    try:
        wait(lambda: began)
        for _ in range(20):
            label_studio.portal.call(looping.tell)
            label_studio.portal.call(asyncio.sleep, 0.01)
        assert len(began) == 1
    finally:
        looking.cancel()


def test_the_status_says_what_comes_next_and_who_sees_to_it(label_studio, project):
    told = label_studio.get("/status").json()["training"]["next"]
    assert told["act"] == "wait"
    assert "nobody runs" in told["reason"]
    set_after(project, 7)
    service = label_studio.app.state.label_studio
    label_studio.portal.call(service.looping.look)
    told = label_studio.get("/status").json()["training"]["next"]
    assert "process" in told["runner"]
    assert "nothing to learn" in told["reason"] or "7 are waited for" in told["reason"]
    assert "process" in label_studio.get("/status.html").text


def test_the_report_of_a_training_is_linked_and_shown(label_studio, project):
    assert label_studio.get("/runs/1/report.html").status_code == 400
    with recorded(project.models) as run:
        (run.folder / "report.html").write_text("<p>better</p>")
        run.finish({"version": "v", "reasons": ["better"], "promoted": True})
    assert label_studio.get("/status").json()["training"]["report"] == "/runs/1/report.html"
    assert '<a href="/runs/1/report.html">' in label_studio.get("/status.html").text
    shown = label_studio.get("/runs/1/report.html")
    assert (shown.status_code, shown.text) == (200, "<p>better</p>")
    assert "img-src data:" in shown.headers["content-security-policy"]
    assert label_studio.get("/runs/../report.html").status_code in (400, 404, 422)
    assert label_studio.get("/runs/1/report.html", headers={"Authorization": "Bearer wrong"}).status_code == 401
