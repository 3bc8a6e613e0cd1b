"""Padding that a network is told not to look at."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.model.checkpoints.weights import load_checkpoint
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.model.pixel_decoder import inside, pixel_centres
from semsam_annotate.model.presets import preset
from semsam_annotate.training.batch import collate
from semsam_annotate.training.config import AugmentConfig, PromptConfig, config_from_json
from semsam_annotate.training.data.augment import augment
from semsam_annotate.training.data.record import TrainingImage
from semsam_annotate.training.loop import train
from semsam_annotate.training.names import NameIndex
from semsam_annotate.training.questions import ask


def network(hidden):
    torch.manual_seed(0)
    config = preset("semsam-tiny")
    return SemanticSam(replace(config, input=replace(config.input, mask_padding=hidden))).eval()


def red(height, width):
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = 255
    masks = np.ones((1, height, width), bool)
    return TrainingImage(image, masks, np.zeros(1, np.int8), ("wall",), (None,), np.array([-1]))


@given(seed=st.integers(0, 10**6), height=st.integers(20, 90), width=st.integers(20, 90))
def test_views_say_where_their_picture_is(seed, height, width):
    config = AugmentConfig(scale=(0.2, 1.5), padding="grey", colour=0.0, focus=False)
    view = augment(red(height, width), 64, np.random.default_rng(seed), config)
    x0, y0, x1, y1 = (round(edge * 64) for edge in view.shown)
    seen = np.zeros((64, 64), bool)
    seen[y0:y1, x0:x1] = True
    assert (view.image[seen] == (255, 0, 0)).all()
    assert (view.image[~seen] == 128).all()


def test_what_is_hidden_is_not_read():
    one = network(True).pixel_decoder.layers[0]
    shapes = [(6, 8), (3, 4), (2, 2), (1, 1)]
    count = sum(height * width for height, width in shapes)
    places = pixel_centres(shapes, torch.device("cpu"))
    seen = inside(places, torch.tensor([[0.0, 0.25, 0.6, 1.0]]))
    assert 0 < seen.sum() < count
    tokens, position = torch.randn(2, 1, count, one.norm1.normalized_shape[0])
    other = torch.where(seen, tokens, torch.randn_like(tokens))
    # Rays of untrained offsets reach beyond the edge, so hiding has something to hide.
    with torch.inference_mode():
        hidden = [one(each, position, places, shapes, seen.float()) for each in (tokens, other)]
        read = [one(each, position, places, shapes) for each in (tokens, other)]
    rows = seen[0, :, 0]
    torch.testing.assert_close(hidden[0][:, rows], hidden[1][:, rows], rtol=0, atol=0)
    assert not torch.allclose(read[0][:, rows], read[1][:, rows])


def test_without_padding_nothing_changes():
    image = torch.randint(0, 256, (1, 3, 64, 96), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        plain, hiding = (network(hidden).features(image) for hidden in (False, True))
        padded, hidden = (network(on).features(image[..., :80]) for on in (False, True))
    torch.testing.assert_close(plain.mask_features, hiding.mask_features, rtol=0, atol=0)
    assert not torch.allclose(padded.mask_features, hidden.mask_features)
    assert not hidden.levels[0][..., 10:].any()
    assert hidden.levels[0][..., :10].any()


@pytest.mark.parametrize("asked", [True, False])
def test_a_model_trained_without_padding_is_used_without(asked, tmp_path):
    settings = {
        "mask_padding": asked,
        "workers": 0,
        "data": {"scenes": 1.0},
        "augment": {"scale": [0.5, 0.6]},
        "prompts": {"count": 2, "corrections": 0},
        "criterion": {"points": 32},
        "schedule": {"steps": 1, "batch": 1, "size": 64},
    }
    loaded, _, _ = load_checkpoint(train(config_from_json(settings), tmp_path / "run"))
    assert loaded.config.input.mask_padding == asked


def test_batches_hold_the_edges():
    view = augment(red(30, 60), 64, np.random.default_rng(0), AugmentConfig(scale=(0.5, 0.5), focus=False))
    config = PromptConfig(count=1, corrections=0)
    batch = collate([ask(view, config, np.random.default_rng(1))] * 2, NameIndex.count([view]), 0.1)
    assert batch.shown.tolist() == [pytest.approx(view.shown)] * 2
    assert view.shown != (0, 0, 1, 1)
