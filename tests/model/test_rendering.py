"""A mask computed where it can be is the mask computed everywhere."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from semsam_annotate.model.config import InputConfig
from semsam_annotate.model.engine.preprocessing import Frame
from semsam_annotate.model.engine.rendering import MaskRegion, Renderer

SIDES = st.integers(1, 300)
CONFIGS = st.sampled_from([InputConfig(side=128, resize="longer"), InputConfig(side=64, resize="shorter")])


def blobs(frame, seed, lowest=-1.5):
    """Smooth logits (h, w) with a few positive places."""
    drawn = torch.Generator().manual_seed(seed)
    size = frame.padded[0] // 4, frame.padded[1] // 4
    coarse = torch.randn(1, 1, 5, 5, generator=drawn) + lowest
    return F.interpolate(coarse, size, mode="bicubic", align_corners=False)[0, 0]


def everywhere(grid, frame):
    """The published way: to the padded input, cropped, to the image; whole cells are cropped at once."""
    rows, columns = frame.input
    if rows % 4 == columns % 4 == 0:
        inside = grid[None, None, : rows // 4, : columns // 4]
    else:
        inside = F.interpolate(grid[None, None], frame.padded, mode="bilinear", align_corners=False)
        inside = inside[..., :rows, :columns]
    return F.interpolate(inside, frame.image, mode="bilinear", align_corners=False)[0, 0]


@given(height=SIDES, width=SIDES, config=CONFIGS, seed=st.integers(0, 99))
def test_as_torch_interpolates(height, width, config, seed):
    if max(height, width) > 20 * min(height, width):
        width = height
    frame = Frame.of(height, width, config)
    grid = blobs(frame, seed)
    wanted = everywhere(grid, frame)
    full = Renderer(frame.taps).logits(grid, (0, height), (0, width))
    torch.testing.assert_close(full, wanted, atol=2e-4, rtol=0)
    region = Renderer(frame.taps).region(grid)
    if (wanted > 0).any():
        sure = (wanted.abs() > 1e-3).numpy()
        np.testing.assert_array_equal(region.full()[sure], (wanted > 0).numpy()[sure])


@given(height=SIDES, width=SIDES, config=CONFIGS, seed=st.integers(0, 99))
def test_a_crop_is_the_whole_to_the_bit(height, width, config, seed):
    if max(height, width) > 20 * min(height, width):
        width = height
    frame = Frame.of(height, width, config)
    grid = blobs(frame, seed)
    whole = Renderer(frame.taps).logits(grid, (0, height), (0, width)) > 0
    region = Renderer(frame.taps).region(grid)
    assert region.full().shape == (height, width)
    if whole.any():
        np.testing.assert_array_equal(region.full(), whole.numpy())
    else:
        assert region.area >= 1


@pytest.mark.parametrize("lowest", [-9.0, 9.0])
def test_nothing_and_everything(lowest):
    frame = Frame.of(50, 70, InputConfig(side=128, resize="longer"))
    region = Renderer(frame.taps).region(blobs(frame, 0, lowest))
    assert region.area == (50 * 70 if lowest > 0 else region.full().sum()) > 0


@given(data=st.data(), seed=st.integers(0, 99))
def test_regions_overlap_like_masks(data, seed):
    rng = np.random.default_rng(seed)
    regions = []
    for _ in range(2):
        top, left = data.draw(st.integers(0, 8)), data.draw(st.integers(0, 8))
        crop = rng.random((data.draw(st.integers(1, 12 - top)), data.draw(st.integers(1, 12 - left)))) < 0.5
        regions.append(MaskRegion(crop, top, left, (12, 12)))
    first, second = (region.full() for region in regions)
    union = (first | second).sum()
    assert regions[0].iou(regions[1]) == pytest.approx((first & second).sum() / union if union else 1)
    assert regions[0].area == first.sum()
    if first.any():
        rows, columns = np.nonzero(first)
        assert regions[0].box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
