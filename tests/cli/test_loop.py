"""``semsam loop`` as a process: killed and taken over, asked to end, refused in one line."""

import json
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.project_config import write_config
from semsam_annotate.annotations.retraining.runner import runner_of


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


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_asked(project, sign):
    child = subprocess.Popen(command(project, "--every", "0.1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout.readline()
    child.send_signal(sign)
    assert child.wait(20) == 130
    assert runner_of(project.models) is None
    child.communicate()


def test_a_project_that_is_none_is_said_in_one_line(semsam, tmp_path: Path):
    code, _, told = semsam("loop", "--project", tmp_path)
    assert (code, told.count("\n")) == (2, 1)
