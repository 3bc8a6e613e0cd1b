"""The names and the values of the published networks' parameters."""

import hashlib
import json

import pytest
import torch

from semsam_annotate.model.checkpoints.published_names import published_name
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.model.presets import preset

DIGEST_OF_DIGESTS = "39711968f5d92f9ce0b9ed2d119db9884bd3e6d4195aecba31af72e87016a5ae"
"""Of Swin-T's parameters: "name digest" lines, sorted."""

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
    made = digests(weights_rule, network_of("swin-t"))
    assert len(made) > 500
    assert {name: recorded[name] for name in made} == made


def test_made_weights_have_not_changed(weights_rule, network_of):
    lines = "\n".join(f"{name} {value}" for name, value in sorted(digests(weights_rule, network_of("swin-t")).items()))
    assert hashlib.sha256(lines.encode()).hexdigest() == DIGEST_OF_DIGESTS


def digests(weights_rule, network):
    state = {published_name(name): value.numpy() for name, value in network.state_dict().items()}
    state.pop(None, None)
    return {name: weights_rule.digest(value) for name, value in state.items() if not weights_rule.NOT_MADE.search(name)}
