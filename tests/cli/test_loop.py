"""``semsam loop`` as a process: killed and taken over, asked to end, refused in one line."""

import json
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer

from semsam_annotate.annotations import ImageRef, Project
from semsam_annotate.annotations.project_config import read_config, write_config
from semsam_annotate.annotations.retraining.loop import Loop
from semsam_annotate.annotations.retraining.runner import runner_of
from semsam_annotate.cli.loop import _looked, _once


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "project", validation=0.0) as made:
        write_config(made.folder / "project.toml", replace(made.config, retrain_after=3))
        yield made


def command(project, *options):
    return [sys.executable, "-m", "semsam_annotate.cli", "loop", "--project", str(project.folder), *options]


def test_a_killed_loop_is_taken_over_and_a_live_one_is_named(project, semsam):
    child = subprocess.Popen(command(project, "--every", "0.1", "--json"), stdout=subprocess.PIPE, text=True)
    try:
        assert json.loads(child.stdout.readline())["act"] == "wait"
        code, _, told = semsam("loop", "--project", project.folder, "--once")
        assert (code, f"process {child.pid} on {socket.gethostname()}" in told) == (2, True)
    finally:
        child.kill()
        child.wait()
    assert semsam("loop", "--project", project.folder, "--once", "--json")[0] == 0


@pytest.fixture
def heard():
    """Shells start what runs in their background deaf to Ctrl+C, and its children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_asked(project, sign, heard):
    child = subprocess.Popen(command(project, "--every", "0.1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout.readline()
    child.send_signal(sign)
    assert child.wait(20) == 130
    assert runner_of(project.models) is None
    child.communicate()


def test_a_project_that_is_none_is_said_in_one_line(semsam, tmp_path: Path):
    code, _, told = semsam("loop", "--project", tmp_path)
    assert (code, told.count("\n")) == (2, 1)


@pytest.fixture
def tiny_project(annotated_scenes):
    """With everything new, and so small a budget that the packaged weights learn in seconds."""
    made = annotated_scenes(2)
    small = replace(made.config.retrain, max_steps=1, threads=1)
    write_config(made.folder / "project.toml", replace(made.config, retrain_after=1, retrain=small))
    return made


@pytest.mark.stress
def test_once_trains_waits_and_tells_what_came_of_it(tiny_project):
    """The command itself with the packaged weights: two minutes."""
    done = subprocess.run(command(tiny_project, "--once", "--json"), capture_output=True, text=True, check=True)
    begun, ended = map(json.loads, done.stdout.splitlines())
    assert begun["act"] == "start"
    assert (ended["ended"], ended["promoted"]) == ("finished", False)
    assert Path(ended["page"]).stat().st_size > 10_000
    again = subprocess.run(command(tiny_project, "--once"), capture_output=True, text=True, check=True)
    assert "1 are waited for" in again.stdout
    assert again.stderr == ""


def test_a_training_that_cannot_begin_is_named(project, semsam, monkeypatch):
    image = ImageRef("0" * 64, "gone.png", 8, 8)
    for _ in range(3):
        project.store.accept(image, mask=np.ones((8, 8), bool), object="car")
    code, out, told = semsam("loop", "--project", project.folder, "--once")
    assert code == 1
    assert "Training begins now: 3 masks are new" in out
    assert "Training 1 failed: the image gone.png" in out
    assert told == ""


def test_what_goes_wrong_for_a_moment_is_told_and_looked_at_again(project):
    with Loop(project) as running:
        (project.folder / "project.toml").write_text("retrain_after = 5O")
        assert "project.toml is damaged" in _looked(running)
        running.look = lambda: (_ for _ in ()).throw(OSError(28, "No space left on device"))
        assert "No space" in _looked(running)


@pytest.mark.parametrize(("error", "code"), [("PutBy('quiet hours')", 0), ("RuntimeError('broken')", 1)])
def test_once_has_not_failed_when_the_training_is_put_by(project, error, code):
    script = (
        "import sys; from pathlib import Path\n"
        "from semsam_annotate.annotations.retraining.writer import PutBy, recorded\n"
        f"with recorded(Path(sys.argv[1])): raise {error}"
    )
    image = ImageRef("0" * 64, "gone.png", 8, 8)
    for _ in range(3):
        project.store.accept(image, mask=np.ones((8, 8), bool), object="car")
    with Loop(project, command=[sys.executable, "-c", script, str(project.models)]) as running:
        if code:
            with pytest.raises(typer.Exit) as caught:
                _once(project, running, False)
            assert caught.value.exit_code == code
        else:
            _once(project, running, False)


def test_a_gpu_that_is_not_there_is_named_and_the_processor_does_not_train_instead(project, semsam, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # so that it is put back: the command sets it
    config = read_config(project.folder / "project.toml")
    write_config(project.folder / "project.toml", replace(config, retrain=replace(config.retrain, gpu=99)))
    image = ImageRef("0" * 64, "gone.png", 8, 8)
    for _ in range(3):
        project.store.accept(image, mask=np.ones((8, 8), bool), object="car")
    code, _, told = semsam("retrain", "--project", project.folder)
    assert code == 2
    assert "gpu = 99" in told
    code, out, _ = semsam("loop", "--project", project.folder, "--once")
    assert code == 1
    assert "Training 2 failed: gpu = 99" in out
