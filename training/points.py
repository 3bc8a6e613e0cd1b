"""Losses on points instead of whole masks (PointRend, Kirillov et al. 2020, section 3)."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F


class Rand(Protocol):
    """Uniform numbers in [0, 1) of a shape.

    ``image`` (R,) long, ascending: the image that each of the R rows belongs to. Rows of an image come from a source
    of its own, so that they do not depend on the other images that a process happens to hold; without it the numbers
    are the same for whoever asks in the same step.
    """

    def __call__(self, shape: tuple[int, ...], image: Tensor | None = None, /) -> Tensor:
        """Draw."""
        ...


class SeededRand:
    """Numbers that depend on ``key`` and the place of an image in the whole batch alone."""

    def __init__(self, key: Sequence[int], device: torch.device, first: int = 0) -> None:
        """``first``: place in the whole batch of the first image that this process holds."""
        self._key, self._device, self._first = tuple(key), device, first
        self._sources: dict[int, torch.Generator] = {}

    def __call__(self, shape: tuple[int, ...], image: Tensor | None = None, /) -> Tensor:
        """Draw; see ``Rand``."""
        if image is None:
            return self._draw(0, shape)
        counts = torch.bincount(image).tolist()
        none = torch.empty((0, *shape[1:]), device=self._device)
        rows = [self._draw(1 + self._first + place, (count, *shape[1:])) for place, count in enumerate(counts) if count]
        return torch.cat([none, *rows])

    def _draw(self, source: int, shape: tuple[int, ...]) -> Tensor:
        if source not in self._sources:
            seed = int(np.random.SeedSequence((*self._key, source)).generate_state(1, np.uint64)[0] >> np.uint64(1))
            self._sources[source] = torch.Generator(device=self._device).manual_seed(seed)
        return torch.rand(shape, generator=self._sources[source], device=self._device)


ROWS_AT_ONCE = 16
"""Masks whose points are ranked at a time: what belongs to them stays in the processor's cache."""


def seeded_rand(seed: int, device: torch.device) -> Rand:
    """One source for all images, which depends on ``seed`` alone."""
    generator = torch.Generator(device=device).manual_seed(seed)
    return lambda shape, _image=None: torch.rand(shape, generator=generator, device=device)


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


def uncertain_points(
    logits: Tensor, count: int, oversample: float, importance: float, rand: Rand, image: Tensor | None = None
) -> Tensor:
    """(M, count, 2) points: ``importance`` of them the least certain of ``oversample`` x ``count``, others uniform.

    ``image`` (M,): whose image each mask is of.
    """
    drawn = rand((logits.shape[0], int(count * oversample), 2), image)
    chosen = int(importance * count)
    points = drawn.new_empty(logits.shape[0], count, 2)
    for start in range(0, len(points), ROWS_AT_ONCE):
        some = slice(start, start + ROWS_AT_ONCE)
        points[some, :chosen] = _least_certain(logits[some], drawn[some], chosen)
    points[:, chosen:] = rand((logits.shape[0], count - chosen, 2), image)
    return points


def _least_certain(logits: Tensor, points: Tensor, count: int) -> Tensor:
    """(M, count, 2) of (M, P, 2) points, in no order: sorting them takes as long again."""
    index = sample_points(logits, points).abs_().topk(count, dim=1, largest=False, sorted=False).indices
    return points.gather(1, index[..., None].expand(-1, -1, 2))
