"""A run that is killed goes on from its last checkpoint and ends with the very same weights."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from semsam_annotate.api import BadInput
from semsam_annotate.model.checkpoints.weights import load_checkpoint
from semsam_annotate.training.config import GenericConfig
from semsam_annotate.training.loop import train
from semsam_annotate.training.run_folder import RunFolder
from semsam_annotate.training.watching import MACHINE

STEPS = 6
CHILD = """
import time
from pathlib import Path
from semsam_annotate.training.config import config_from_json
from semsam_annotate.training.loop import train
def show(done, steps, losses):
    if done >= stop:
        Path(out, "waiting").touch()
        time.sleep(pause)
train(config_from_json(config), Path(out), show)
"""


@pytest.fixture(scope="module")
def config(tiny_run):
    """Six steps of a network of a few thousand weights, a checkpoint after every second one."""
    schedule = replace(tiny_run.schedule, steps=STEPS, batch=2, freeze_norms=False)
    return replace(tiny_run, bf16=True, generic=GenericConfig(), schedule=schedule)


@pytest.fixture(scope="module")
def whole(config, tmp_path_factory):
    """The folder of the run that nobody killed."""
    folder = tmp_path_factory.mktemp("whole")
    train(config, folder)
    return folder


def killed(children, config, folder: Path, stop: int, pause: float, after: float) -> None:
    """Train in another process, killed ``after`` seconds in step ``stop`` or a later one, each ``pause`` longer."""
    told = {"config": config.to_json(), "out": str(folder), "stop": stop, "pause": pause}
    (folder / "waiting").unlink(missing_ok=True)
    child = children.Process(target=exec, args=(CHILD, told))
    child.start()
    while child.is_alive() and not (folder / "waiting").exists():
        time.sleep(0.005)
    time.sleep(after)
    if child.is_alive():
        os.kill(child.pid, signal.SIGKILL)
    child.join()


def assert_same_run(config, folder, straight):
    resumed, wanted = (load_file(one / "state.safetensors") for one in (folder, straight))
    assert resumed.keys() == wanted.keys()
    for name, value in wanted.items():
        assert torch.equal(resumed[name], value), name
    assert load_checkpoint(folder / "weights.safetensors")[2] == load_checkpoint(straight / "weights.safetensors")[2]
    rows = [
        {
            row["step"]: {key: value for key, value in row.items() if key not in MACHINE}
            for row in RunFolder(one, config).metrics()
        }
        for one in (folder, straight)
    ]
    assert max(rows[0]) == config.schedule.steps
    # A kill may cut a line short, and the next one runs into it: both are lost, no other.
    assert all(row == rows[1][step] for step, row in rows[0].items())


def test_killed_and_resumed_is_bit_identical(config, whole, children, tmp_path):
    killed(children, config, tmp_path, stop=5, pause=600, after=0)  # one step after the checkpoint at 4
    assert int(load_file(tmp_path / "state.safetensors")["done"]) == 4
    (tmp_path / "metrics.jsonl").open("a").write('{"step": 5, "sec')  # the kill came in the middle of a line
    done: list[int] = []
    train(config, tmp_path, lambda number, _steps, _losses: done.append(number))
    assert done == [5, 6]
    assert_same_run(config, tmp_path, whole)


@pytest.mark.parametrize(
    ("kills", "steps"), [pytest.param(2, 8, id="quick"), pytest.param(10, 60, id="full", marks=pytest.mark.stress)]
)
def test_killed_at_random(config, children, tmp_path, kills, steps):
    """A checkpoint after every step, so that kills hit its writing too."""
    config = replace(config, checkpoint_every=1, schedule=replace(config.schedule, steps=steps, ema=0.9))
    train(config, tmp_path / "straight")
    rng, folder = np.random.default_rng(kills), tmp_path / "killed"
    folder.mkdir()
    for number in range(kills):
        stop = 1 + number * steps // (kills + 1)
        killed(children, config, folder, stop, pause=0.01, after=float(rng.uniform(0, 0.3)))
    train(config, folder)
    assert_same_run(config, folder, tmp_path / "straight")


def test_a_run_says_how_it_was_made(config, whole):
    network, card, _ = load_checkpoint(whole / "weights.safetensors")
    assert card.trained["steps"] == STEPS
    assert card.trained["seed"] == config.seed
    assert card.trained["config"]["schedule"]["steps"] == STEPS
    assert card.trained["config"]["model"] == "start.safetensors", "weights travel: no folder of this machine in them"
    assert card.trained["from"] == load_checkpoint(Path(config.model))[2]
    assert sorted(card.levels) == [1, 2, 3, 4, 5, 6]
    assert card.objects
    assert card.parts
    assert network.config.name == "tiniest"
    assert len(RunFolder(whole, config).metrics()) == STEPS


def test_training_again_changes_nothing(config, whole):
    before = (whole / "weights.safetensors").read_bytes()
    assert train(config, whole).read_bytes() == before


def test_another_configuration_needs_another_folder(config, whole):
    with pytest.raises(BadInput, match="another configuration"):
        train(replace(config, seed=1), whole)


def test_damaged_and_foreign_states(config, whole, tmp_path):
    train(replace(config, schedule=replace(config.schedule, steps=2)), tmp_path)
    state = tmp_path / "state.safetensors"
    content = state.read_bytes()
    state.write_bytes(content[: len(content) // 2])
    with pytest.raises(BadInput, match="is damaged"):
        train(config, tmp_path)


def test_interruption_by_the_keyboard_is_no_loss(config, whole, tmp_path):
    def stop(done, _steps, _losses):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path, stop)
    train(config, tmp_path)
    assert load_checkpoint(tmp_path / "weights.safetensors")[2] == load_checkpoint(whole / "weights.safetensors")[2]
