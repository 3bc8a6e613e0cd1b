"""Encoding in bfloat16 changes next to no pixel of a mask, and its embeddings are kept apart from those of fp32."""

import numpy as np
import pytest
import torch
from skimage import data

from semsam_annotate.api import BadInput, Prompt
from semsam_annotate.model.engine import open_engine
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.model.engine.settings import EngineSettings
from semsam_annotate.model.precision import convolution_format

CLICKS = [(224, 100), (300, 400), (110, 60), (430, 250)]


@pytest.fixture(scope="module")
def engines():
    return [open_engine("default", "cpu", EngineSettings(), precision) for precision in ("fp32", "bf16")]


def test_masks_stay_as_they_are(engines):
    rgb = data.astronaut()
    handles = [engine.encode(rgb) for engine in engines]
    equal = []
    for click in CLICKS:
        full, half = (engine.propose(handle, Prompt([click])) for engine, handle in zip(engines, handles, strict=True))
        equal += [max(float((rung.mask == other.mask).mean()) for other in half) for rung in full]
    assert np.mean(equal) >= 0.995


def test_each_precision_has_its_own_embeddings(engines):
    rgb = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    full, half = (engine.encode(rgb) for engine in engines)
    assert full.key != half.key
    assert full.model == half.model


def test_an_unknown_precision_is_named():
    with pytest.raises(BadInput, match=r"fp32 or bf16, not 'fp8'"):
        open_engine("default", "cpu", precision="fp8")


def test_a_processor_without_bfloat16_encodes_in_single_precision(monkeypatch):
    monkeypatch.setattr("semsam_annotate.model.engine.loaded.multiplies_bf16", lambda device_type: False)
    models = [LoadedModel.read(packaged_weights(), "cpu", precision) for precision in ("fp32", "bf16")]
    pixels = torch.rand(1, 3, 64, 64) * 255
    full, asked = (model.features(pixels).mask_features for model in models)
    assert torch.equal(full, asked)


@pytest.mark.parametrize(("half", "expected"), [(True, torch.channels_last), (False, torch.contiguous_format)])
def test_images_lie_as_convolutions_of_the_device_like_it(monkeypatch, half, expected):
    monkeypatch.setattr("semsam_annotate.model.precision.multiplies_bf16", lambda device_type: half)
    assert convolution_format("cpu") == expected
