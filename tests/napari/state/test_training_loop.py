"""The loop as a window shows and runs it; the report; a training that was put by."""

import os
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import event

from semsam_annotate.annotations import ImageRef, Project
from semsam_annotate.annotations.project_config import read_config, write_config
from semsam_annotate.annotations.retraining.loop import Loop
from semsam_annotate.annotations.retraining.writer import PutBy, put_by, recorded
from semsam_annotate.api import BadInput
from semsam_annotate.napari.state.training import TrainingRun
from semsam_annotate.napari.state.training_loop import EVERY, TrainingLoop

IMAGE = ImageRef("a" * 64, "a.png", 8, 8)


class Clock:
    """Goes on when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "project", validation=0.0) as made:
        made.store.accept(IMAGE, mask=np.ones((8, 8), bool), object="car")
        yield made


@pytest.fixture
def window(project):
    """Makes the state of a window on the project."""

    def make() -> TrainingRun:
        run = TrainingRun(project)
        run.poll()
        return run

    return make


def _look(loop):
    loop.poll()
    loop._looking.wait()
    loop.poll()


def _ask_for(project, after):
    path = project.folder / "project.toml"
    write_config(path, replace(read_config(path), retrain_after=after))


def test_the_loop_runs_here_when_switched_on_and_its_words_are_everywhere(project, tmp_path, clock):
    began = tmp_path / "began"
    here = TrainingLoop(project, Loop(project, command=["touch", str(began)]), clock)
    other, seen = TrainingLoop(project), []
    here.changed.connect(lambda: seen.append(here.words))
    with pytest.raises(BadInput, match="retrain_after"):
        here.switch()
    _ask_for(project, 2)
    here.switch()
    _look(here)
    assert (here.here, here.elsewhere, other.elsewhere) == (True, False, True)
    assert here.words == "No training is due: 1 mask is new, 2 are waited for."
    other.poll()
    assert other.words.startswith(here.words)
    assert f"process {os.getpid()}" in other.words
    with pytest.raises(BadInput, match="runs already"):
        other.start()
    project.store.accept(IMAGE, mask=np.ones((8, 8), bool), object="car")
    _look(here)
    assert not began.exists(), "it looks every half minute"
    clock.now += EVERY
    _look(here)
    assert "2 masks are new" in here.words
    _wait_for(began.exists)
    _ask_for(project, 2)
    (project.folder / "project.toml").write_text("retrain_after = 'many'")
    clock.now += EVERY
    _look(here)
    assert "stuck" in here.words
    here.poll()
    assert "stuck" in here.words, "until it is looked again"
    here.switch()
    assert not here.here
    assert here.words == ""
    assert seen


def _wait_for(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_window_waits_for_no_count_and_no_look(project, window, clock):
    """A million masks are counted in seconds: the store answers nothing here until the thread of the window is back."""
    free, seen = threading.Event(), []

    def ask(*_):
        seen.append(threading.current_thread() is not threading.main_thread() and free.wait(20))

    _ask_for(project, 2)
    run, here = window(), TrainingLoop(project, clock=clock)
    event.listen(project.store.engine, "before_cursor_execute", ask)
    here.switch()
    run.recount()
    run.poll()
    assert (run.counts.learn, "just begun" in here.words) == (0, True)
    free.set()
    _wait_for(lambda: (run.poll(), here.poll(), run.counts.learn == 1 and "1 mask is new" in here.words)[-1])
    assert seen
    assert all(seen)
    here.stop()
    run.close()


def test_the_report_is_there_once_it_is_written(window, project):
    run = window()
    assert run.page is None
    with recorded(project.models) as writer:
        writer.finish({})
    run.poll()
    assert run.page is None
    run.run.page.write_text("<p>")
    assert run.page == project.models / "runs" / "0001" / "report.html"


def _put_by(writer, models):
    put_by(models)
    writer.check()


def test_a_training_that_was_put_by_is_no_failure(window, project):
    with pytest.raises(PutBy), recorded(project.models) as writer:
        _put_by(writer, project.models)
    run = window()
    assert (run.stage, run.error) == ("stopped", "")
