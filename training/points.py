"""Losses on points instead of whole masks (PointRend, Kirillov et al. 2020, section 3)."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

Rand = Callable[[tuple[int, ...]], Tensor]
"""Uniform numbers in [0, 1) of a shape; a seeded source makes a step repeatable."""


def seeded_rand(seed: int, device: torch.device) -> Rand:
    """A source of uniform numbers that depends on ``seed`` alone."""
    generator = torch.Generator(device=device).manual_seed(seed)
    return lambda shape: torch.rand(shape, generator=generator, device=device)


def sample_points(maps: Tensor, points: Tensor) -> Tensor:
    """Bilinear samples (M, P) of (M, H, W) maps at (M or 1, P, 2) points (x, y) in 0..1; zero outside."""
    grid = points.mul(2).sub_(1).expand(maps.shape[0], -1, -1)[:, :, None]
    return F.grid_sample(maps[:, None], grid, mode="bilinear", padding_mode="zeros", align_corners=False)[:, 0, :, 0]


def sample_rows(maps: Tensor, rows: Tensor, points: Tensor) -> Tensor:
    """(R, P) samples, as ``sample_points`` takes them of ``maps[rows]`` at (R, P, 2) points, without copying the maps.

    A mask is read for many queries; as copies at full size they are hundreds of megabytes a layer.
    """
    out = points.new_empty(points.shape[:2])
    for index in rows.unique().tolist():
        asked = (rows == index).nonzero()[:, 0]
        read = sample_points(maps[index : index + 1], points[asked].flatten(0, 1)[None])
        out[asked] = read.view(len(asked), -1)
    return out


def uncertain_points(logits: Tensor, count: int, oversample: float, importance: float, rand: Rand) -> Tensor:
    """(M, count, 2) points: ``importance`` of them the least certain of ``oversample`` x ``count``, others uniform."""
    drawn = rand((logits.shape[0], int(count * oversample), 2))
    sureness = sample_points(logits, drawn).abs_()
    chosen = int(importance * count)
    index = sureness.topk(chosen, dim=1, largest=False, sorted=False).indices  # sorting them takes as long again
    picked = drawn.gather(1, index[..., None].expand(-1, -1, 2))
    return torch.cat([picked, rand((logits.shape[0], count - chosen, 2))], 1)
