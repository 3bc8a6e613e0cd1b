"""Weights files: what is written is read back, and whatever else a file may be is refused in one line."""

import json
import pickle
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from semsam_annotate.api import BadInput
from semsam_annotate.model.checkpoints.weights import CheckpointCard, load_checkpoint, read_header, save_checkpoint
from semsam_annotate.model.config import ModelConfig, semsam_tiny, swin_large, swin_tiny
from semsam_annotate.model.presets import preset


class Bomb:
    """Unpickled, it would say so."""

    def __reduce__(self):
        return pytest.fail, ("a pickle was opened",)


def header_of(path):
    with safe_open(path, "pt") as opened:
        return dict(opened.metadata())


def rewritten(path, change_tensors=lambda tensors: None, change_header=lambda header: None):
    """The file after a change, everything else as it was."""
    tensors, header = load_file(path), header_of(path)
    change_tensors(tensors)
    change_header(header)
    save_file(tensors, path, header)
    return path


def test_round_trip(network_of, weights_of):
    path = weights_of(3)
    network, card, version = load_checkpoint(path)
    assert (card.objects, card.parts, card.levels) == (("car", "cat"), ("wheel",), (3, 5, 2, 1, 4, 6))
    assert not network.training
    for name, value in network_of(3).state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], value, atol=1e-3, rtol=1e-3)
    again = path.with_name("again.safetensors")
    assert save_checkpoint(network, card, again) == version
    assert load_checkpoint(again)[1] == card


def test_versions_are_of_the_contents(weights_of):
    versions = [read_header(weights_of(seed))["version"] for seed in (0, 1)]
    assert versions[0] != versions[1]
    assert versions[0] == read_header(weights_of(0))["version"]


def test_a_failed_write_leaves_the_old_file(weights_of, network_of, monkeypatch):
    path = weights_of()
    before = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(OSError, match="no space"):
        save_checkpoint(network_of(1), load_checkpoint(path)[1], path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("suffix", [".pkl", ".pth", ".pt", ".ckpt", ".pickle", ".safetensors"])
def test_pickles_are_never_opened(tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(BadInput, match=f"model\\{suffix}"):
        load_checkpoint(path)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_truncated(weights_of, share):
    path = weights_of()
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(BadInput, match="not a readable safetensors file"):
        load_checkpoint(path)


def test_a_flipped_bit_is_noticed(weights_of):
    path = weights_of()
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInput, match="damaged"):
        load_checkpoint(path)


def test_missing_and_folder(tmp_path):
    for path in (tmp_path / "no.safetensors", tmp_path):
        with pytest.raises(BadInput, match="there are no weights"):
            load_checkpoint(path)


def test_foreign_safetensors(tmp_path):
    path = tmp_path / "foreign.safetensors"
    save_file({"x": torch.zeros(3)}, path)
    with pytest.raises(BadInput, match="not weights of this program"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: tensors.pop("mask_decoder.mask_tokens.weight"), "lack mask_decoder.mask_tokens.weight"),
        (lambda tensors: tensors.update(extra=torch.zeros(1)), "unknown tensor extra"),
        (
            lambda tensors: tensors.update({"mask_decoder.mask_tokens.weight": torch.zeros(5, 64)}),
            "wrong shape for mask_decoder.mask_tokens.weight",
        ),
    ],
)
def test_wrong_tensors_are_named(weights_of, change, message):
    with pytest.raises(BadInput, match=message):
        load_checkpoint(rewritten(weights_of(), change_tensors=change))


def change_card(**values):
    def change(header):
        header["card"] = json.dumps({**json.loads(header["card"]), **values})

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.update(card="{"),
        lambda header: header.update(card="[]"),
        change_card(config={"colour": 1}),
        change_card(config={"pixel_decoder": {"dim": 33}}),
        change_card(config={"pixel_decoder": {"dim": "wide"}}),
        change_card(config={"conv": {"blocks": [1]}, "encoder": "conv"}),
        change_card(levels=[1, 2]),
        change_card(levels=[1, 2, 3, 4, 5, 7]),
    ],
)
def test_damaged_descriptions(weights_of, change):
    with pytest.raises(BadInput, match="damaged description"):
        load_checkpoint(rewritten(weights_of(), change_header=change))


@pytest.mark.parametrize("config", [swin_tiny(), swin_large(), semsam_tiny()])
def test_configurations_round_trip(config):
    assert ModelConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
    assert preset(config.name) == config
    card = CheckpointCard(config, (1, 2, 3, 4, 5, 6), ("a",), (), {"seed": 1})
    assert CheckpointCard.from_json(json.loads(json.dumps(card.to_json()))) == card


def test_unknown_settings_and_presets():
    with pytest.raises(BadInput, match="unknown key 'colour'"):
        ModelConfig.from_json({"colour": 1})
    with pytest.raises(BadInput, match="known are semsam-tiny"):
        preset("swin-xl")
    with pytest.raises(BadInput, match="1 to 6"):
        replace(semsam_tiny(), mask_decoder=replace(semsam_tiny().mask_decoder, granularities=7))
