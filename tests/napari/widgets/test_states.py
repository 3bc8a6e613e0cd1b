"""Every state of the window, pictured by window_states.py in a process of its own: a small one cuts no text off."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

STATES = Path(__file__).with_name("window_states.py")
SEEN = [
    *("empty", "encoding", "guide", "keys", "ladder", "touch-up", "review", "tree", "effects", "images"),
    *("train-before", "train-running", "train-verdict", "train-failed", "error"),
]


@pytest.mark.window
@pytest.mark.stress
def test_every_state_fits_a_small_window_in_both_styles(tmp_path):
    if shutil.which("xvfb-run") is None:
        pytest.skip("xvfb-run is not installed")
    screen = ["xvfb-run", "-a", "-s", "-screen 0 1680x1050x24 +extension GLX"]
    command = [*screen, sys.executable, str(STATES), str(tmp_path)]
    settings = {**os.environ, "NAPARI_CONFIG": str(tmp_path / "settings.yaml")}  # of somebody who never had the plugin
    done = subprocess.run(command, capture_output=True, text=True, timeout=560, env=settings)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-6000:]}"
    assert json.loads(done.stdout.splitlines()[-1]) == []
    assert {path.stem for path in tmp_path.glob("*-small-*.png")} == {
        f"{state}-small-{style}" for state in SEEN for style in ("dark", "light")
    }
