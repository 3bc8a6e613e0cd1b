"""Swin transformer and pixel decoder, everything made anew in each forward."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from reference.attention import Shapes, deformable_attention


def norm(layer: Any, x: Tensor) -> Tensor:
    return F.layer_norm(x, layer.normalized_shape, layer.weight, layer.bias, layer.eps)


def dense(layer: Any, x: Tensor) -> Tensor:
    return F.linear(x, layer.weight, layer.bias)


def swin(encoder: Any, image: Tensor) -> list[Tensor]:
    """(B, 3, H, W) to the four normed maps."""
    x = F.conv2d(image, encoder.patch_embed.proj.weight, encoder.patch_embed.proj.bias, 4).permute(0, 2, 3, 1)
    x = norm(encoder.patch_embed.norm, x)
    maps = []
    for index, stage in enumerate(encoder.layers):
        first = stage.blocks[0]
        mask = shift_mask(x.shape[1], x.shape[2], first.window, first.window // 2)
        for block in stage.blocks:
            x = swin_block(block, x, mask)
        normed = norm(encoder.get_submodule(f"norm{index}"), x)
        maps.append(normed.permute(0, 3, 1, 2).contiguous())
        if index < len(encoder.layers) - 1:
            x = merge_patches(stage.downsample, x)
    return maps


def swin_block(block: Any, x: Tensor, mask: Tensor) -> Tensor:
    height, width = x.shape[1:3]
    window, shift = block.window, block.shift
    y = F.pad(norm(block.norm1, x), (0, 0, 0, -width % window, 0, -height % window))
    high, wide = y.shape[1:3]
    y = torch.roll(y, (-shift, -shift), (1, 2)) if shift else y
    y = window_attention(block.attn, windows(y, window), mask if shift else None)
    y = y.view(-1, high // window, wide // window, window, window, y.shape[-1])
    y = y.permute(0, 1, 3, 2, 4, 5).reshape(x.shape[0], high, wide, -1)
    y = torch.roll(y, (shift, shift), (1, 2)) if shift else y
    x = x + y[:, :height, :width].contiguous()
    return x + dense(block.mlp.fc2, F.gelu(dense(block.mlp.fc1, norm(block.norm2, x))))


def windows(x: Tensor, window: int) -> Tensor:
    batch, height, width, dim = x.shape
    x = x.view(batch, height // window, window, width // window, window, dim)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, window * window, dim)


def shift_mask(height: int, width: int, window: int, shift: int) -> Tensor:
    high, wide = -(-height // window) * window, -(-width // window) * window
    regions = torch.zeros(1, high, wide, 1)
    cuts = (slice(0, -window), slice(-window, -shift), slice(-shift, None))
    for number, (rows, columns) in enumerate((a, b) for a in cuts for b in cuts):
        regions[:, rows, columns] = number
    labels = windows(regions, window).squeeze(-1)
    apart = labels[:, None] - labels[:, :, None]
    return apart.masked_fill(apart != 0, -100.0)


def window_attention(layer: Any, x: Tensor, mask: Tensor | None) -> Tensor:
    count, length, dim = x.shape
    qkv = dense(layer.qkv, x).reshape(count, length, 3, layer.heads, dim // layer.heads).permute(2, 0, 3, 1, 4)
    query, key, value = qkv[0] * layer.scale, qkv[1], qkv[2]
    scores = query @ key.transpose(-2, -1)
    bias = layer.relative_position_bias_table[layer.relative_position_index.view(-1)].view(length, length, -1)
    scores = scores + bias.permute(2, 0, 1).contiguous()[None]
    if mask is not None:
        scores = scores.view(-1, mask.shape[0], layer.heads, length, length) + mask[None, :, None]
        scores = scores.view(-1, layer.heads, length, length)
    mixed = (scores.softmax(-1) @ value).transpose(1, 2).reshape(count, length, dim)
    return dense(layer.proj, mixed)


def merge_patches(layer: Any, x: Tensor) -> Tensor:
    x = F.pad(x, (0, 0, 0, x.shape[2] % 2, 0, x.shape[1] % 2))
    quarters = [x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]]
    return dense(layer.reduction, norm(layer.norm, torch.cat(quarters, -1)))


def conv(layer: Any, x: Tensor) -> Tensor:
    return F.conv2d(x, layer.weight, layer.bias, layer.stride, layer.padding)


def group_norm(layer: Any, x: Tensor) -> Tensor:
    return F.group_norm(x, layer.num_groups, layer.weight, layer.bias, layer.eps)


def pixel_decoder(decoder: Any, maps: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
    """Mask features and the four levels, strides 8 to 64."""
    sources = [*maps[1:], maps[-1]]
    levels = [group_norm(part[1], conv(part[0], x)) for part, x in zip(decoder.input_proj, sources, strict=True)]
    shapes = [tuple(level.shape[-2:]) for level in levels]
    tokens = torch.cat([level.flatten(2).transpose(1, 2) for level in levels], 1)
    codes = [
        sine_grid(*shape, tokens.shape[-1]) + embed for shape, embed in zip(shapes, decoder.level_embed, strict=True)
    ]
    position, reference = torch.cat(codes)[None], centres(shapes)
    for layer in decoder.layers:
        read = deformable_attention(layer.self_attn, tokens + position, reference, tokens, shapes)
        tokens = norm(layer.norm1, tokens + read)
        tokens = norm(layer.norm2, tokens + dense(layer.linear2, F.relu(dense(layer.linear1, tokens))))
    parts = tokens.split([h * w for h, w in shapes], 1)
    levels = [part.transpose(1, 2).reshape(1, -1, *shape) for part, shape in zip(parts, shapes, strict=True)]
    finest = F.interpolate(levels[0], maps[0].shape[-2:], mode="bilinear", align_corners=False)
    lateral = group_norm(decoder.lateral.norm, conv(decoder.lateral.conv, maps[0]))
    merged = F.relu(group_norm(decoder.output.norm, conv(decoder.output.conv, lateral + finest)))
    return conv(decoder.mask_features, merged), levels


def sine_grid(height: int, width: int, dim: int) -> Tensor:
    """(height * width, dim) position codes by cumulative sums, as DETR makes them."""
    ones = torch.ones(height, width)
    y, x = ones.cumsum(0), ones.cumsum(1)
    y, x = y / (y[-1:] + 1e-6) * 2 * math.pi, x / (x[:, -1:] + 1e-6) * 2 * math.pi
    step = torch.arange(dim // 2, dtype=torch.float32)
    divisors = 10000 ** (2 * torch.div(step, 2, rounding_mode="floor") / (dim // 2))
    codes = [axis[..., None] / divisors for axis in (y, x)]
    codes = [torch.stack([code[..., 0::2].sin(), code[..., 1::2].cos()], -1).flatten(-2) for code in codes]
    return torch.cat(codes, -1).flatten(0, 1)


def centres(shapes: Shapes) -> Tensor:
    grids = []
    for height, width in shapes:
        y, x = torch.meshgrid(
            torch.linspace(0.5, height - 0.5, height) / height, torch.linspace(0.5, width - 0.5, width) / width,
            indexing="ij",
        )  # fmt: skip
        grids.append(torch.stack([x.reshape(-1), y.reshape(-1)], -1))
    return torch.cat(grids)[None]
