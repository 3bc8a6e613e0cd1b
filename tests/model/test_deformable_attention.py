"""The weighted embedding bag against sampling level by level, and its gradients."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from semsam_annotate.model.layers.deformable_attention import DeformableAttention, TablePlan, level_maps, pad_levels
from semsam_annotate.model.layers.deformable_attention import sample_and_sum as sample_table

SHAPES = [(5, 7), (3, 4), (1, 1)]


def plainly(values, shapes, places, weights):
    """The same sum with ``grid_sample``: (B, Q, heads * d)."""
    batch, _, heads, width = values.shape
    out = 0
    for level, part in enumerate(values.split([h * w for h, w in shapes], 1)):
        height, across = shapes[level]
        maps = part.permute(0, 2, 3, 1).reshape(batch * heads, width, height, across)
        scale = places.new_tensor([across, height])
        grid = (2 * (places[..., level, :, :] + 0.5) / scale - 1).transpose(1, 2).flatten(0, 1)
        read = F.grid_sample(maps, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        share = weights[..., level, :].transpose(1, 2).flatten(0, 1)[:, None]
        out = out + (read * share).sum(-1)
    return out.view(batch, heads * width, -1).transpose(1, 2)


def sample_and_sum(values, shapes, places, weights):
    plan = TablePlan.of(shapes, values.shape[2], values.device, places.dtype)
    return sample_table(pad_levels(values, shapes), plan, places, weights)


def inputs(dtype=torch.float32, batch=2, queries=6, heads=2, width=3, points=4):
    torch.manual_seed(0)
    length = sum(h * w for h, w in SHAPES)
    values = torch.randn(batch, length, heads, width, dtype=dtype)
    # Far outside too: what lies there counts as zero.
    places = torch.rand(batch, queries, heads, len(SHAPES), points, 2, dtype=dtype) * 11 - 2.5
    weights = torch.rand(batch, queries, heads, len(SHAPES), points, dtype=dtype)
    return values, places, weights


def test_same_as_grid_sample():
    values, places, weights = inputs()
    torch.testing.assert_close(
        sample_and_sum(values, SHAPES, places, weights), plainly(values, SHAPES, places, weights), atol=1e-5, rtol=1e-5
    )


def test_same_gradients_as_grid_sample():
    grads = []
    for function in (sample_and_sum, plainly):
        values, places, weights = (tensor.requires_grad_() for tensor in inputs())
        function(values, SHAPES, places, weights).square().sum().backward()
        grads.append((values.grad, places.grad, weights.grad))
    for ours, theirs in zip(*grads, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_whole_numbers_read_one_pixel():
    values, places, weights = inputs(batch=1, queries=1, heads=1, points=1)
    places[:] = torch.tensor([0.0, 0.0])
    weights[:] = torch.tensor([1.0, 0.0, 0.0])[:, None]
    torch.testing.assert_close(sample_and_sum(values, SHAPES, places, weights)[0, 0], values[0, 0, 0])


def test_far_outside_reads_nothing():
    values, places, weights = inputs()
    assert not sample_and_sum(values, SHAPES, places - 1000, weights).any()


@pytest.mark.parametrize("sides", [2, 4])
def test_layer_learns_everywhere(sides):
    """Gradients of the whole layer agree with finite differences, for points and for boxes as references."""
    torch.manual_seed(0)
    layer = DeformableAttention(8, 2, 2, 2).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    shapes = [(3, 4), (2, 2)]
    query = torch.randn(1, 2, 8, dtype=torch.float64, requires_grad=True)
    memory = torch.randn(1, 16, 8, dtype=torch.float64, requires_grad=True)
    reference = torch.rand(1, 2, sides, dtype=torch.float64) * 0.4 + 0.3

    def run(query, memory):
        return layer(query, reference, layer.project_values(memory, shapes), shapes)

    assert torch.autograd.gradcheck(run, (query, memory), atol=1e-6)


@given(shapes=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=3))
def test_levels_come_back_out_of_the_table(shapes):
    values = torch.randn(2, sum(h * w for h, w in shapes), 3, 4)
    maps = level_maps(pad_levels(values, shapes), shapes)
    joined = torch.cat([level.flatten(2).transpose(1, 2) for level in maps], 1)
    assert torch.equal(joined.unflatten(-1, (3, 4)), values)
