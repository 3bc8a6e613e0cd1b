"""Deformable attention as in the pure-PyTorch version that comes with Deformable DETR."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

Shapes = Sequence[tuple[int, int]]


def deformable_attention(layer: Any, query: Tensor, reference: Tensor, memory: Tensor, shapes: Shapes) -> Tensor:
    """(B, Q, dim) read from ``memory`` (B, S, dim) around ``reference`` (B, Q, 2 or 4), weights of ``layer``."""
    batch, count, dim = query.shape
    heads, levels, points = layer.heads, layer.levels, layer.points
    values = F.linear(memory, layer.value_proj.weight, layer.value_proj.bias).view(batch, -1, heads, dim // heads)
    offsets = F.linear(query, layer.sampling_offsets.weight, layer.sampling_offsets.bias)
    offsets = offsets.view(batch, count, heads, levels, points, 2)
    weights = F.linear(query, layer.attention_weights.weight, layer.attention_weights.bias)
    weights = weights.view(batch, count, heads, levels * points).softmax(-1).view(batch, count, heads, levels, points)
    centre = reference[:, :, None, None, None, :2]
    if reference.shape[-1] == 2:
        sizes = torch.tensor([(width, height) for height, width in shapes], dtype=query.dtype)
        places = centre + offsets / sizes[:, None]
    else:
        places = centre + offsets / points * reference[:, :, None, None, None, 2:] * 0.5
    read = sample(values, shapes, places, weights)
    return F.linear(read, layer.output_proj.weight, layer.output_proj.bias)


def sample(values: Tensor, shapes: Shapes, places: Tensor, weights: Tensor) -> Tensor:
    """Weighted bilinear samples, level by level."""
    batch, _, heads, width = values.shape
    count, levels, points = places.shape[1], len(shapes), places.shape[-2]
    grids = 2 * places - 1
    read = []
    for level, part in enumerate(values.split([h * w for h, w in shapes], 1)):
        maps = part.flatten(2).transpose(1, 2).reshape(batch * heads, width, *shapes[level])
        grid = grids[:, :, :, level].transpose(1, 2).flatten(0, 1)
        read.append(F.grid_sample(maps, grid, mode="bilinear", padding_mode="zeros", align_corners=False))
    shares = weights.transpose(1, 2).reshape(batch * heads, 1, count, levels * points)
    summed = (torch.stack(read, -2).flatten(-2) * shares).sum(-1)
    return summed.view(batch, heads * width, count).transpose(1, 2).contiguous()
