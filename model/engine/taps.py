"""Bilinear interpolation along one axis, as a weighted sum of grid cells for each pixel."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

STEP = 32
"""Crops are widened to a multiple of this, because embedding_bag compiles a kernel for each width of rows."""

Range = tuple[int, int]


@dataclass(frozen=True)
class Taps:
    """Cells that each pixel of one axis reads, ascending: ``cells`` (n, t) int32, ``weights`` (n, t) float32."""

    cells: Tensor
    weights: Tensor

    @classmethod
    def bilinear(cls, length: int, wanted: int) -> "Taps":
        """From ``length`` cells to ``wanted`` pixels, as ``interpolate(align_corners=False)`` has it."""
        place = ((np.arange(wanted) + 0.5) * (length / wanted) - 0.5).clip(0)
        first = np.minimum(place.astype(np.int64), length - 1)
        second = np.minimum(first + 1, length - 1)
        share = place - first
        return cls(_cells(np.stack([first, second], 1)), _weights(np.stack([1 - share, share], 1)))

    @classmethod
    def through(cls, grid: int, padded: int, used: int, wanted: int) -> "Taps":
        """From the grid to the padded input, whose first ``used`` pixels go to the image, as published."""
        inner, outer = cls.bilinear(grid, padded), cls.bilinear(used, wanted)
        cells = inner.cells[outer.cells.long()].flatten(1)
        weights = (inner.weights[outer.cells.long()] * outer.weights[..., None]).flatten(1)
        return cls(cells, weights)

    def reading(self, first: int, last: int) -> Range:
        """Pixels that read a cell from ``first`` to ``last``, as a range a little widened."""
        cells = self.cells.numpy()
        start = int(np.searchsorted(cells[:, -1], first, "left"))
        end = int(np.searchsorted(cells[:, 0], last, "right"))
        return _widened(start, end, len(cells))

    def apply(self, rows: Tensor, pixels: Range, first: int) -> Tensor:
        """(pixels, d) weighted sums of ``rows`` (cells, d), which start at cell ``first``."""
        cells = (self.cells[pixels[0] : pixels[1]] - first).to(rows.device)
        weights = self.weights[pixels[0] : pixels[1]].to(rows.device)
        return F.embedding_bag(cells, rows, mode="sum", per_sample_weights=weights)

    def span(self, pixels: Range, length: int) -> Range:
        """Cells that a range of pixels reads, a little widened."""
        cells = self.cells[pixels[0] : pixels[1]]
        return _widened(int(cells[0, 0]), int(cells[-1, -1]) + 1, length)


def _widened(start: int, end: int, length: int) -> Range:
    """A range whose length is a multiple of STEP, or all."""
    if start >= end:
        return start, end
    wanted = min(length, -(-(end - start) // STEP) * STEP)
    start = min(start, length - wanted)
    return start, start + wanted


def _cells(values: NDArray[np.int64]) -> Tensor:
    return torch.from_numpy(values.astype(np.int32))


def _weights(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))
