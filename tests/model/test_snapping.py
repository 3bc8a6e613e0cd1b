"""Masks drawn towards edges: they end where the image does, and stay where it shows nothing."""

import numpy as np
import pytest
import torch

from semsam_annotate.model.config import InputConfig
from semsam_annotate.model.engine.preprocessing import Frame
from semsam_annotate.model.engine.rendering import Renderer
from semsam_annotate.model.engine.snapping import Snapper

INPUT = InputConfig(side=64, resize="longer")


def disc(frame, x, y, radius):
    """Logits of a disc, x, y and radius in cells."""
    rows, columns = (np.arange(side // 4) for side in frame.padded)
    away = np.hypot(columns[None] - x, rows[:, None] - y)
    return torch.from_numpy((radius - away).astype(np.float32))


@pytest.mark.parametrize(("height", "width"), [(64, 64), (48, 64), (200, 300), (20, 33), (1, 1)])
def test_without_edges_masks_stay_nearly_as_they_are(height, width):
    frame = Frame.of(height, width, INPUT)
    fine = np.arange(frame.input[0] * frame.input[1], dtype=np.int16).reshape(frame.input)  # every pixel its own region
    grid = disc(frame, 6, 5, 3.5)
    found = next(Snapper(frame, fine).regions(grid[None])).full()
    plain = Renderer(frame.taps).region(grid).full()
    assert found.shape == (height, width)
    assert (found & plain).sum() >= 0.8 * (found | plain).sum()


def test_a_mask_that_spills_over_an_edge_is_drawn_back():
    frame = Frame.of(64, 64, INPUT)
    fine = np.repeat((np.arange(64) >= 32).astype(np.int16)[None], 64, 0)
    grid = torch.full((16, 16), -3.0)
    grid[:, :9] = 1.0  # to column 36, four pixels into the right half
    grid[:, :8] = 3.0
    found = next(Snapper(frame, fine).regions(grid[None])).full()
    assert found[:, :32].all()
    assert not found[:, 32:].any()


def test_several_masks_are_drawn_as_one_by_one():
    frame = Frame.of(100, 150, INPUT)
    fine = np.random.default_rng(0).integers(0, 40, frame.input).astype(np.int16)
    grids = torch.stack([disc(frame, 5, 5, 2), disc(frame, 9, 3, 4), torch.full((16, 16), -2.0)])
    snapper = Snapper(frame, fine)
    together = [one.full() for one in snapper.regions(grids)]
    for grid, mask in zip(grids, together, strict=True):
        assert np.array_equal(next(snapper.regions(grid[None])).full(), mask)
        assert mask.any()


@pytest.mark.parametrize(("height", "width"), [(64, 64), (100, 150), (200, 300), (1, 1)])
def test_whole_pictures_of_logits_are_the_masks(height, width):
    """Cut at 0 the logits are the masks; where the grid has nothing positive a mask is but its highest pixels."""
    frame = Frame.of(height, width, INPUT)
    fine = np.random.default_rng(1).integers(0, 40, frame.input).astype(np.int16)
    grids = torch.stack([disc(frame, 5, 5, 3), disc(frame, 9, 3, 4)])
    snapper = Snapper(frame, fine)
    whole = snapper.whole(grids)
    assert whole.shape == (2, height, width)
    for logits, mask in zip(whole.numpy(), snapper.regions(grids), strict=True):
        assert np.array_equal(logits > 0, mask.full()) or not (logits > 0).any()


def test_no_masks_are_no_masks():
    frame = Frame.of(64, 64, INPUT)
    assert list(Snapper(frame, np.zeros(frame.input, np.int16)).regions(torch.zeros(0, 16, 16))) == []
    assert Snapper(frame, np.zeros(frame.input, np.int16)).whole(torch.zeros(0, 16, 16)).shape == (0, 64, 64)
