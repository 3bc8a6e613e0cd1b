"""The training tab in a process of its own, as torch must not come into one that draws."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCENARIOS = Path(__file__).with_name("train_scenarios.py")
STAGES = ("1-empty", "2-ready", "3-running", "4-better", "5-promoted", "6-not-better", "7-failed", "8-by-itself")


@pytest.mark.window
def test_every_stage_in_both_styles_without_a_text_cut_off(tmp_path):
    screen = [] if os.environ.get("DISPLAY") else ["xvfb-run", "-a", "-s", "-screen 0 1680x1050x24 +extension GLX"]
    if screen and shutil.which("xvfb-run") is None:
        pytest.skip("no display: DISPLAY is not set and xvfb-run is not installed")
    done = subprocess.run(
        [*screen, sys.executable, str(SCENARIOS), str(tmp_path)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-6000:]}"
    for stage in STAGES:
        for style in ("dark", "light"):
            assert (tmp_path / f"{stage}-{style}.png").stat().st_size > 2_000
