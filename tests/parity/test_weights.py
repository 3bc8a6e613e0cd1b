"""The names and the values of the published networks' parameters."""

import json

import numpy as np
import pytest
import torch

from semsam_annotate.model.checkpoints.published_names import published_name
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.model.presets import preset

PROJECTED, SUMMED = 282.96483232, 499.94362864
"""Length and sum of the fingerprints of Swin-T's tensors."""

OURS_ALONE = {"class_heads.null_logits", "class_heads.logit_scale"}
"""The published models have no text heads that were trained, and so neither of these."""


def shapes_of(size: str) -> dict[str, list[int]]:
    """Our parameters under their published names."""
    with torch.device("meta"):
        state = SemanticSam(preset(size)).state_dict()
    names = {name: published_name(name) for name in state if name not in OURS_ALONE}
    assert None not in names.values(), "a parameter without a published name"
    assert len(set(names.values())) == len(names), "two parameters of one published name"
    return {names[name]: list(state[name].shape) for name in names}


def is_documented_extra(name: str) -> bool:
    """An alias of a shared layer, a table that we compute, or the mapper that nothing reads."""
    aliases = ("predictor.bbox_embed.", "predictor.decoder.bbox_embed.", "predictor.decoder.norm.")
    return any(alias in name for alias in aliases) or name.endswith(("relative_position_index", "lang_mapper"))


@pytest.mark.parametrize(("size", "letter"), [("swin-t", "T"), ("swin-l", "L")])
def test_parameters_are_the_published_ones(size, letter, reference):
    published = json.loads((reference / f"state_dict_swin{letter}.json").read_text())["keys"]
    needed = {name: entry["shape"] for name, entry in published.items() if not is_documented_extra(name)}
    assert shapes_of(size) == needed


def test_made_weights_are_the_recorded_ones(weights_rule, network_of, reference):
    recorded = json.loads((reference / "det_init_checks.json").read_text())["sha256_f32_bytes"]
    made = {name: weights_rule.digest(value) for name, value in made_tensors(weights_rule, network_of("swin-t"))}
    assert len(made) > 500
    same = [name for name in made if made[name] == recorded[name]]
    # numpy 2.5 draws the rare far tail of float32 normals with another last bit, in a few of the largest tensors.
    assert len(same) >= (1.0 if np.lib.NumpyVersion(np.__version__) < "2.5.0" else 0.9) * len(made)


def test_made_weights_have_not_changed(weights_rule, network_of):
    prints = [fingerprint(value) for _, value in made_tensors(weights_rule, network_of("swin-t"))]
    assert np.sqrt(np.square(prints).sum()) == pytest.approx(PROJECTED, rel=1e-6)
    assert sum(prints) == pytest.approx(SUMMED, rel=1e-5)


def made_tensors(weights_rule, network):
    """(published name, value) of every tensor that the rule makes, in the order of the names."""
    state = {published_name(name): value.numpy() for name, value in network.state_dict().items()}
    state.pop(None, None)
    return [(name, value) for name, value in sorted(state.items()) if not weights_rule.NOT_MADE.search(name)]


def fingerprint(value):
    """A number that moves with every value and its place, and hardly with last bits."""
    flat = value.astype(np.float64).ravel()
    return float(flat @ np.cos(np.arange(len(flat))))
