"""A run that is killed goes on from its last checkpoint and ends with the very same weights."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from semsam_annotate.api import BadInput
from semsam_annotate.model.checkpoints.weights import CheckpointCard, load_checkpoint, save_checkpoint
from semsam_annotate.model.config import ConvEncoderConfig, ModelConfig, semsam_tiny
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.training.config import DataConfig, PromptConfig, ScheduleConfig, TrainConfig
from semsam_annotate.training.loop import train
from semsam_annotate.training.run_folder import RunFolder

STEPS = 6
TINY = semsam_tiny()
NETWORK: ModelConfig = replace(
    TINY,
    name="tiniest",
    conv=ConvEncoderConfig(stem=8, widths=(8, 16, 16, 16), blocks=(1, 1, 0, 0)),
    pixel_decoder=replace(TINY.pixel_decoder, dim=64, heads=2, ffn=32),
    mask_decoder=replace(TINY.mask_decoder, layers=2, heads=2, ffn=32, text_dim=16),
)
CHILD = """
import json, sys, time
from pathlib import Path
from semsam_annotate.training.config import config_from_json
from semsam_annotate.training.loop import train
config = config_from_json(json.loads(sys.argv[1]))
def show(done, steps, losses):
    print(done, flush=True)
    if done == 5:
        time.sleep(600)  # killed here, one step after the checkpoint at 4
train(config, Path(sys.argv[2]), show)
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """Six steps of a network of a few thousand weights, a checkpoint after every second one."""
    torch.manual_seed(0)
    start = tmp_path_factory.mktemp("start") / "start.safetensors"
    save_checkpoint(SemanticSam(NETWORK), CheckpointCard(NETWORK, (1, 2, 3, 4, 5, 6)), start)
    return TrainConfig(
        model=str(start),
        workers=0,
        threads=1,
        checkpoint_every=2,
        data=DataConfig(scenes=1.0),
        prompts=PromptConfig(count=3, corrections=1),
        schedule=ScheduleConfig(steps=STEPS, batch=2, size=64, warmup=2),
    )


@pytest.fixture(scope="module")
def whole(config, tmp_path_factory):
    """The folder of the run that nobody killed."""
    folder = tmp_path_factory.mktemp("whole")
    train(config, folder)
    return folder


def test_killed_and_resumed_is_bit_identical(config, whole, tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, json.dumps(config.to_json()), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    for line in child.stdout:
        if line.strip() == "5":
            break
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert int(load_file(tmp_path / "state.safetensors")["done"]) == 4
    (tmp_path / "metrics.jsonl").open("a").write('{"step": 5, "sec')  # the kill came in the middle of a line
    done: list[int] = []
    train(config, tmp_path, lambda number, _steps, _losses: done.append(number))
    assert done == [5, 6]
    resumed, straight = (load_file(folder / "state.safetensors") for folder in (tmp_path, whole))
    assert resumed.keys() == straight.keys()
    for name, value in straight.items():
        assert torch.equal(resumed[name], value), name
    assert load_checkpoint(tmp_path / "weights.safetensors")[2] == load_checkpoint(whole / "weights.safetensors")[2]
    rows = [
        [
            {key: value for key, value in row.items() if key not in ("seconds", "memory_mib")}
            for row in RunFolder(folder, config).metrics()
        ]
        for folder in (tmp_path, whole)
    ]
    assert [row["step"] for row in rows[0]][-1] == STEPS
    by_step = {row["step"]: row for row in rows[1]}
    assert all(row == by_step[row["step"]] for row in rows[0])


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
