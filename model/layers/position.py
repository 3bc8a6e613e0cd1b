"""Sine position codes (DETR) of grids and of boxes, and the inverse of the sigmoid."""

import math
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

TEMPERATURE = 10000.0


def _frequencies(count: int, device: torch.device) -> Tensor:
    """(count,) divisors, equal in pairs: even entries take the sine, odd ones the cosine."""
    return torch.from_numpy(_powers(count)).to(device)


@cache
def _powers(count: int) -> NDArray[np.float32]:
    pairs = np.arange(count) // 2
    return (TEMPERATURE ** (2 * pairs / count)).astype(np.float32)


def _interleave(angles: Tensor) -> Tensor:
    """Sine of even entries and cosine of odd ones along the last axis."""
    return torch.stack([angles[..., 0::2].sin(), angles[..., 1::2].cos()], -1).flatten(-2)


def encode_grid(height: int, width: int, dim: int, device: torch.device) -> Tensor:
    """(height * width, dim): half of the channels for y, half for x, positions counted from 1 and scaled to 2 pi."""
    divisors = _frequencies(dim // 2, device)
    codes = []
    for length in (height, width):
        position = torch.arange(1, length + 1, dtype=torch.float32, device=device) / (length + 1e-6) * (2 * math.pi)
        codes.append(_interleave(position[:, None] / divisors))
    rows = codes[0][:, None].expand(height, width, -1)
    columns = codes[1][None].expand(height, width, -1)
    return torch.cat([rows, columns], -1).flatten(0, 1)


def encode_boxes(boxes: Tensor, dim: int) -> Tensor:
    """(…, 4) boxes (cx, cy, w, h) in 0..1 to (…, 2 * dim), dim / 2 channels each for y, x, w, h."""
    rates, phases = (torch.from_numpy(row).to(boxes.device) for row in _waves(dim // 2))
    y_first = torch.cat([boxes[..., 1:2], boxes[..., :1], boxes[..., 2:]], -1)
    return torch.addcmul(phases, y_first[..., None], rates).sin().flatten(-2)


@cache
def _waves(count: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rates and phases of sines: a cosine is a sine a quarter turn ahead, and one sine is one call."""
    rates = 2 * math.pi / _powers(count).astype(np.float64)
    return rates.astype(np.float32), np.where(np.arange(count) % 2, math.pi / 2, 0).astype(np.float32)


def inverse_sigmoid(value: Tensor, eps: float = 1e-5) -> Tensor:
    """Logit of a probability, finite at 0 and 1."""
    value = value.clamp(0, 1)
    return torch.log(value.clamp(min=eps) / (1 - value).clamp(min=eps))
