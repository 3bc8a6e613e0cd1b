"""Pooled features: of length one, of the mask and nothing else, the same in any order."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semsam_annotate.model.engine.pooling import pool


@pytest.fixture
def memory(network_of):
    torch.manual_seed(1)
    return network_of().encode(torch.randint(0, 256, (1, 3, 64, 96), dtype=torch.uint8))


def blocks(memory, seed, count=5):
    """Random rectangles on the mask grid."""
    height, width = memory.mask_features.shape[-2:]
    generator = torch.Generator().manual_seed(seed)
    masks = torch.zeros(count, height, width, dtype=torch.bool)
    for mask in masks:
        top, left = (int(torch.randint(0, side - 1, (1,), generator=generator)) for side in (height, width))
        rows, columns = (int(torch.randint(1, 8, (1,), generator=generator)) for _ in range(2))
        mask[top : top + rows, left : left + columns] = True
    return masks


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20)
def test_length_one_and_any_order(memory, seed):
    masks = blocks(memory, seed)
    vectors = pool(memory, masks)
    assert vectors.shape == (5, 4 * memory.mask_features.shape[1])
    torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(5))
    order = torch.randperm(5, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(pool(memory, masks[order]), vectors[order])
    torch.testing.assert_close(pool(memory, masks[2:3]), vectors[2:3])
    torch.testing.assert_close(pool(memory, masks.float() * 0.5), vectors)


def test_pixels_outside_do_not_count(memory, network_of):
    masks = torch.zeros(1, *memory.mask_features.shape[-2:], dtype=torch.bool)
    masks[0, :8, :8] = True
    changed = memory.mask_features.clone()
    changed[..., 8:] = 100.0
    before = pool(memory, masks)
    after = pool(type(memory)(changed, memory.values, memory.shapes), masks)
    torch.testing.assert_close(before, after)


def test_half_precision_is_near(memory):
    masks = blocks(memory, 3)
    assert ((pool(memory, masks) * pool(memory.halved(), masks)).sum(-1) > 0.999).all()


def test_an_empty_mask_and_none(memory):
    shape = memory.mask_features.shape[-2:]
    assert not pool(memory, torch.zeros(1, *shape, dtype=torch.bool)).any()
    assert pool(memory, torch.zeros(0, *shape)).shape == (0, 4 * memory.mask_features.shape[1])
