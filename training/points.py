"""Losses on points instead of whole masks (PointRend, Kirillov et al. 2020, section 3)."""

import math
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

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


BITS = 16
"""Random numbers are fractions of this many bits: finer than any mask, and four come from one draw."""

_Source: TypeAlias = Callable[[tuple[int, ...]], Tensor]
"""Uniform numbers of a shape."""


class SeededRand:
    """Numbers that depend on ``key``, the place of an image in the whole batch and the kind of device alone."""

    def __init__(self, key: Sequence[int], device: torch.device, first: int = 0) -> None:
        """``first``: place in the whole batch of the first image that this process holds."""
        self._key, self._device, self._first = tuple(key), device, first
        self._sources: dict[int, _Source] = {}

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
            self._sources[source] = _source(np.random.SeedSequence((*self._key, source)), self._device)
        return self._sources[source](shape)


def _source(seed: np.random.SeedSequence, device: torch.device) -> _Source:
    """On processors SFC64, five times as fast as torch; elsewhere the device draws itself, so that nothing is moved."""
    if device.type == "cpu":
        bits = np.random.SFC64(seed)
        return lambda shape: _fractions(bits, shape)
    generator = torch.Generator(device=device).manual_seed(int(seed.generate_state(1, np.uint64)[0] >> np.uint64(1)))
    return lambda shape: torch.rand(shape, generator=generator, device=device)


def _fractions(bits: np.random.SFC64, shape: tuple[int, ...]) -> Tensor:
    count = math.prod(shape)
    pieces = bits.random_raw(-(-count // 4)).view(np.uint16)[:count]
    return torch.from_numpy(pieces * np.float32(2**-BITS)).view(shape)


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


def spread(slopes: Tensor, points: Tensor, maps: Tensor) -> Tensor:
    """Gradient of (M, H, W) maps from that of their samples (M, P) at (M, P, 2) points."""
    grid = points.mul(2).sub_(1)[:, :, None]
    out: Tensor = torch.ops.aten.grid_sampler_2d_backward(
        slopes[:, None, :, None], maps[:, None], grid, 0, 0, False, [True, False]
    )[0]
    return out[:, 0]


def uncertain_points(
    logits: Tensor, count: int, oversample: float, importance: float, rand: Rand, image: Tensor | None = None
) -> Tensor:
    """(M, count, 2) points: ``importance`` of them the least certain of ``oversample`` x ``count``, others uniform.

    ``image`` (M,): whose image each mask is of.
    """
    drawn = rand((logits.shape[0], int(count * oversample), 2), image)
    chosen = int(importance * count)
    index = _smallest(sample_points(logits, drawn).abs_(), chosen)
    points = torch.view_as_real(torch.view_as_complex(drawn).gather(1, index))  # a point moves as one number
    return torch.cat([points, rand((logits.shape[0], count - chosen, 2), image)], 1)


def _smallest(values: Tensor, count: int) -> Tensor:
    """(M, count) places of the smallest of (M, P) values, in no order: sorting them takes as long again."""
    if values.device.type == "cpu" and count < values.shape[1]:  # NumPy's selection is seven times as fast as topk
        return torch.from_numpy(np.argpartition(values.numpy(), count, 1)[:, :count])
    return values.topk(count, dim=1, largest=False, sorted=False).indices
