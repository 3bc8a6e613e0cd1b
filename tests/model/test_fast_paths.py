"""What is done to be fast changes nothing: fused layers, windows cut by one gather, memories in half precision."""

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from semsam_annotate.model.image_encoder.window_attention import WindowAttention, WindowPlan
from semsam_annotate.model.layers.dense import Dense
from semsam_annotate.model.layers.kept import Kept
from semsam_annotate.model.mask_decoder import PromptBatch

ACTIVATIONS = {"none": lambda x: x, "relu": F.relu, "gelu": F.gelu}


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("size", [(1, 8), (0, 8), (2, 3, 8), (70, 8)])
def test_fused_layers_are_the_plain_ones(activation, size):
    torch.manual_seed(0)
    layer, x = Dense(8, 5), torch.randn(size)
    plain = ACTIVATIONS[activation](F.linear(x, layer.weight, layer.bias))
    torch.testing.assert_close(layer(x, activation), plain)
    with torch.no_grad():
        torch.testing.assert_close(layer(x, activation), plain.detach(), atol=1e-5, rtol=1e-5)
        turned = layer(x.transpose(0, -2), activation)
        torch.testing.assert_close(turned, plain.detach().transpose(0, -2), atol=1e-5, rtol=1e-5)


def test_fused_layers_follow_their_weights():
    layer, x = Dense(8, 5), torch.randn(3, 8)
    with torch.no_grad():
        layer(x)
        layer.weight.mul_(2)
        torch.testing.assert_close(layer(x), F.linear(x, layer.weight, layer.bias), atol=1e-5, rtol=1e-5)


def test_copies_of_a_layer_are_their_own():
    layer, x = Dense(8, 5), torch.randn(3, 8)
    with torch.no_grad():
        before = layer(x)
        other = copy.deepcopy(layer)
        other.weight.zero_()
        torch.testing.assert_close(other(x), other.bias.expand(3, -1))
        torch.testing.assert_close(layer(x), before)
    assert other._laid_out is not layer._laid_out


def by_rolling(layer, x, window, shift):
    """Window attention as the paper describes it: pad, roll, cut, mask, attend, and back. (B, H, W, C)."""
    batch, height, width, dim = x.shape
    x = F.pad(x, (0, 0, 0, -width % window, 0, -height % window))
    high, wide = x.shape[1:3]
    region = torch.zeros(high, wide)
    for number, cut in enumerate((slice(0, -window), slice(-window, -shift or None), slice(-shift or high, None))):
        region[cut] += 3 * number
        region[:, cut] += number
    if not shift:
        region.zero_()
    x = torch.roll(x, (-shift, -shift), (1, 2))

    def cut_up(y):
        return y.unflatten(2, (-1, window)).unflatten(1, (-1, window)).transpose(2, 3).flatten(3, 4).flatten(1, 2)

    tokens = cut_up(x.movedim(-1, 1).flatten(0, 1)).unflatten(0, (batch, dim)).movedim(1, -1)
    places = cut_up(region[None])[0]
    apart = (places[:, :, None] != places[:, None]).float() * -100
    query, key, value = layer.qkv(tokens).unflatten(-1, (3, layer.heads, -1)).permute(3, 0, 1, 4, 2, 5)
    bias = layer.relative_position_bias_table[layer.relative_position_index].permute(2, 0, 1)
    scores = query @ key.transpose(-2, -1) * layer.scale + bias + apart[None, :, None]
    mixed = layer.proj((scores.softmax(-1) @ value).transpose(2, 3).flatten(3))
    mixed = mixed.unflatten(2, (window, window)).unflatten(1, (high // window, -1)).transpose(2, 3)
    mixed = torch.roll(mixed.flatten(3, 4).flatten(1, 2), (shift, shift), (1, 2))
    return mixed[:, :height, :width]


@given(height=st.integers(1, 11), width=st.integers(1, 11), batch=st.integers(1, 2), shift=st.sampled_from([0, 1]))
def test_windows_by_one_gather(height, width, batch, shift):
    torch.manual_seed(height * 100 + width)
    layer = WindowAttention(8, 2, 3)
    x = torch.randn(batch, height, width, 8)
    plan = WindowPlan.of(height, width, 3, shift, x.device)
    ours = plan.merge(layer(plan.split(x.flatten(1, 2)), plan)).unflatten(1, (height, width))
    torch.testing.assert_close(ours, by_rolling(layer, x, 3, shift), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("count", [1, 40])
def test_halved_memories_give_the_same_masks(network_of, count):
    """At least 99.5 % of the pixels, whether rows are picked out of the tables or all are widened."""
    network = network_of()
    torch.manual_seed(1)
    with torch.inference_mode():
        memory = network.encode(torch.randint(0, 256, (1, 3, 96, 128)))
        prompts = PromptBatch.of_boxes(torch.rand(1, count, 4) * 0.4 + 0.2)
        whole, half = (network.mask_decoder(kept, prompts)[-1] for kept in (memory, memory.halved()))
    assert half.masks.dtype == torch.float32
    assert ((whole.masks > 0) == (half.masks > 0)).float().mean() >= 0.995
    torch.testing.assert_close(whole.scores, half.scores, atol=2e-2, rtol=0)


def test_constants_are_kept_and_bounded():
    made = []
    kept = Kept(2)
    for key in (1, 2, 1, 3, 1):
        with torch.inference_mode():
            value = kept.get(key, lambda key=key: made.append(key) or torch.zeros(key))
        assert value.shape == (key,)
        assert not value.is_inference()
    assert made == [1, 2, 3, 1]
