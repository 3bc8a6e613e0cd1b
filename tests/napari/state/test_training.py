"""The state of a training: every way that it can go, seen by the window that started it and by another one."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from semsam_annotate.annotations import ImageRef, Project
from semsam_annotate.annotations.retraining.verdict import Verdict
from semsam_annotate.api import BadInput
from semsam_annotate.napari.state.training import GRACE, TrainingRun
from semsam_annotate.napari.state.training_words import NOTHING_YET, counts_words, duration, progress_words

SCRIPT = Path(__file__).with_name("scripted_retrain.py")
IMAGE = ImageRef("a" * 64, "a.png", 8, 8)


class Clock:
    """Goes on when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "project", validation=0.0) as made:
        made.store.accept(IMAGE, mask=np.ones((8, 8), bool), object="car")
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def window(project, clock):
    """Makes the state of a window on the project; trainings that still go on end with the test."""
    made: list[TrainingRun] = []

    def make(*wishes: str) -> TrainingRun:
        run = TrainingRun(project, [sys.executable, str(SCRIPT), str(project.folder), *wishes], clock)
        run.lines, run.stages = [], []
        run.told.connect(run.lines.append)
        run.changed.connect(lambda: run.stages.append(run.stage))
        run.poll()
        made.append(run)
        return run

    yield make
    for run in made:
        if run._child is not None and run._child.poll() is None:
            os.killpg(run._child.pid, signal.SIGKILL)
            run._child.wait()


def until(run: TrainingRun, *stages: str, seconds: float = 60) -> TrainingRun:
    end = time.monotonic() + seconds
    while run.stage not in stages:
        assert time.monotonic() < end, f"{run.stage} {run.error}"
        run.poll()
        time.sleep(0.02)
    return run


def until_steps(run: TrainingRun) -> None:
    until(run, "running")
    end = time.monotonic() + 60
    while len(run.progress.curve) < 3:
        assert time.monotonic() < end
        run.poll()
        time.sleep(0.02)


def test_from_nothing_to_a_verdict(window):
    run = window()
    assert (run.stage, run.verdict) == ("idle", None)
    run.start()
    until(run, "finished")
    assert list(dict.fromkeys(run.stages)) in (
        ["idle", "starting", "running", "finished"],
        ["idle", "starting", "finished"],
    )
    assert run.progress.curve == [(step, pytest.approx(9.0 / step, abs=1e-4)) for step in range(1, 21)]
    assert run.verdict == Verdict(
        "0123456789ab", True, ("masks is better: +3.4 points [+1.2, +5.6]",), {"masks": (3.4, 1.2, 5.6)}, 0.3, 84
    )
    assert run.verdict.sentence.startswith("On 84 held-back masks: masks +3.4 [+1.2, +5.6]; on earlier pictures −0.3")
    assert run.lines == ["training is done: look at the verdict"]


def test_a_second_window_sees_the_same_and_cannot_start_another(window):
    first, second = window("slow"), window()
    first.start()
    until_steps(first)
    until_steps(second)
    with pytest.raises(BadInput, match="goes on"):
        second.start()
    second.stop()
    until(second, "stopped")
    assert until(first, "stopped", "failed").stage == "stopped"
    assert until(window(), "stopped").verdict is None


def test_two_that_start_at_once_never_train_at_the_same_time(window):
    first, second = window(), window()
    first.start()
    second.start()
    until(first, "finished")
    until(second, "finished")
    end = time.monotonic() + 60  # the second may have begun when the first had just ended
    while first.run != second.run or first.busy or second.busy:
        assert time.monotonic() < end, (first.run, second.run)
        first.poll()
        second.poll()
        time.sleep(0.02)
    assert first.verdict == second.verdict is not None


def test_a_training_goes_on_without_its_window_and_the_next_finds_it(window):
    first = window("slow")
    first.start()
    until_steps(first)
    number = first.run.number
    later = window()
    until_steps(later)
    assert later.run.number == number
    later.stop()
    until(later, "stopped")


@pytest.mark.parametrize("wait", [0.0, 0.05, 0.4, 1.0])
def test_stopped_at_any_time_it_is_stopped_and_can_start_again(window, wait):
    run = window("slow")
    run.start()
    time.sleep(wait)
    run.poll()
    run.stop()
    assert run.stage == "stopping"
    until(run, "stopped")
    assert run.lines == ["training is stopped; the model is as it was"]
    run.start()
    until(run, "running")


def test_one_that_does_not_listen_is_ended(window, clock):
    run = window("slow", "deaf")
    run.start()
    until_steps(run)
    run.stop()
    for _ in range(20):
        run.poll()
        time.sleep(0.02)
    assert run.stage == "stopping"
    clock.now += GRACE + 1
    until(run, "stopped")
    assert run.run.outcome.state == "stopped"  # or a loop would go on with it


def test_killed_from_outside_it_has_failed_with_a_way_out(window):
    run = window("slow")
    run.start()
    until_steps(run)
    os.killpg(run.run.pid, signal.SIGKILL)
    until(run, "failed")
    assert "killed" in run.error
    assert "Start again" in run.error
    run.start()
    until(run, "running")


def test_what_it_refuses_is_its_last_line(window, project):
    run = window("fail")
    run.start()
    until(run, "failed")
    assert run.error.startswith("Training has failed: the disk is full. Start again")
    broken = TrainingRun(project, [sys.executable, "-c", "import no_such_module"])
    broken.poll()
    broken.start()
    until(broken, "failed")
    for _ in range(3):
        broken.poll()
    assert "ModuleNotFoundError" in broken.error


def test_a_damaged_progress_file_costs_only_its_damaged_lines(window):
    run = window("slow")
    run.start()
    until_steps(run)
    other = window()
    with run.run.progress.open("ab") as file:
        file.write(b'\x00\xff{"what":\n[1,2]\n{"what": "training", "done": 1, "total": 2, "time": 0, "loss": NaN}\n')
    until_steps(other)
    seen = len(other.progress.curve)
    end = time.monotonic() + 30
    while len(other.progress.curve) < seen + 5:
        assert time.monotonic() < end
        other.poll()
    assert progress_words(other).startswith("Learning: step")
    run.stop()
    until(run, "stopped")


def test_a_damaged_verdict_is_a_failure_with_a_way_out(window):
    run = window()
    run.start()
    until(run, "finished")
    (run.run.folder / "outcome.json").write_text('{"state": "finished", "report": {"version": 3}}')
    late = until(window(), "failed")
    assert "cannot be read" in late.error


def test_nothing_accepted_nothing_starts(tmp_path):
    with Project.create(tmp_path / "empty") as empty:
        run = TrainingRun(empty)
        with pytest.raises(BadInput, match="nothing to learn from"):
            run.start()
        assert counts_words(run.counts) == NOTHING_YET


def test_this_process_has_no_torch_of_training():
    code = "import sys, semsam_annotate.napari.state.training; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


def test_durations_are_short():
    assert [duration(seconds) for seconds in (0, 40, 89, 90, 3540, 3600, 7500)] == [
        *("0 s", "40 s", "1 min", "2 min", "59 min", "1 h 00 min", "2 h 05 min")
    ]
