"""A real window with the real engine in its child process: on a display, or under xvfb-run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCENARIOS = Path(__file__).with_name("window_scenarios.py")


def play(screen: list[str], scenario: str, folder: Path, killed: bool = False) -> dict[str, float]:
    command = [*screen, sys.executable, str(SCENARIOS), scenario, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=560)
    assert killed or done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-6000:]}"
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.window
def test_click_move_name_accept_export_take_back(screen, tmp_path):
    measured = play(screen, "annotate", tmp_path)
    assert measured["looks"] > 20
    assert measured["waits"] == 0
    assert measured["work_while_encoding_s"] < measured["start_and_encode_s"] / 15
    assert (tmp_path / "napari.png").stat().st_size > 20_000


@pytest.mark.window
def test_digits_letters_and_the_tree(screen, tmp_path):
    play(screen, "organise", tmp_path)


@pytest.mark.window
def test_painting_carrying_states_and_effects(screen, tmp_path):
    play(screen, "tour", tmp_path)


@pytest.mark.window
def test_done_and_skip_lead_to_the_most_useful_image(screen, tmp_path):
    play(screen, "useful", tmp_path)


@pytest.mark.window
def test_killing_the_engine_loses_no_work(screen, tmp_path):
    play(screen, "crash", tmp_path)


@pytest.mark.window
@pytest.mark.stress
def test_a_killed_window_opens_where_it_was(screen, tmp_path):
    left = play(screen, "leave", tmp_path, killed=True)
    assert play(screen, "come_back", tmp_path) == left


@pytest.mark.window
@pytest.mark.stress
def test_training_beside_the_work_judged_promoted_rolled_back_and_stopped(screen, annotated_scenes, tmp_path):
    annotated_scenes(3)
    play(screen, "train", tmp_path)
