"""Killed exports leave no half file or folder under their name, killed imports no half of what they brought."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def killed(tmp_path):
    """Kills so many exports, in turn of every format, or imports; what was found."""

    def run(kills, seed, name="export_killed.py"):
        script = Path(__file__).with_name(name)
        command = [sys.executable, str(script), str(tmp_path), str(kills), str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)

    return run


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.stress)])
def test_a_killed_export_is_whole_or_not_there(killed, kills):
    found = killed(kills, 4)
    assert found.get("kept", 0) + found.get("replaced", 0) == kills
    assert found["killed"] >= kills // 4
    assert kills < 100 or found["unfinished"] > 0, "no kill met an export at its work"


@pytest.mark.parametrize("kills", [6, pytest.param(60, marks=pytest.mark.stress)])
def test_a_killed_import_brought_everything_or_nothing(killed, kills):
    found = killed(kills, 1, "import_killed.py")
    assert found.get("nothing", 0) + found.get("everything", 0) == kills
    assert found["killed"] >= kills // 4
