"""Old and fine-tuned weights, mixed."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from semsam_annotate.model.checkpoints.weights import load_checkpoint, save_checkpoint
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.training.retrain.blend import blend


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """The packaged weights, every tensor moved, with a name more and most names fewer."""
    network, card, _ = load_checkpoint(packaged_weights())
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.01 * torch.randn(parameter.shape, generator=generator)
    save_checkpoint(network, replace(card, objects=("windmill",), parts=()), tmp_path / "trained.safetensors")
    return tmp_path / "trained.safetensors"


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_every_tensor_lies_between_the_two(trained: Path, tmp_path: Path, share: float) -> None:
    mixed = load_checkpoint(blend(packaged_weights(), trained, share, tmp_path / "mixed.safetensors"))[0].state_dict()
    old, new = (load_checkpoint(path)[0].state_dict() for path in (packaged_weights(), trained))
    for name, value in mixed.items():
        expected = old[name].double() * (1 - share) + new[name].double() * share
        torch.testing.assert_close(value.double(), expected, atol=1e-6, rtol=1e-3)


def test_the_names_of_both_are_known(trained: Path, tmp_path: Path) -> None:
    card = load_checkpoint(blend(packaged_weights(), trained, 0.5, tmp_path / "mixed.safetensors"))[1]
    known = load_checkpoint(packaged_weights())[1]
    assert set(card.objects) == {*known.objects, "windmill"}
    assert card.parts == tuple(sorted(known.parts))
