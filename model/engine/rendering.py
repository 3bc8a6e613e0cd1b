"""From the mask grid (stride 4) to the image: only where a mask can be, and the same there as everywhere.

A mask is computed in the pixels that read at least one positive cell; all others are a mean of non-positive numbers.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from semsam_annotate.api import Box, Mask
from semsam_annotate.model.engine.taps import Range, Taps


@dataclass(frozen=True)
class MaskRegion:
    """A mask as the part of the image that it may fill: ``crop`` (h, w) bool at row ``top``, column ``left``."""

    crop: Mask
    top: int
    left: int
    size: tuple[int, int]
    """(height, width) of the image."""

    @classmethod
    def of(cls, mask: Mask) -> "MaskRegion":
        """A whole mask."""
        return cls(mask, 0, 0, (mask.shape[0], mask.shape[1]))

    @cached_property
    def area(self) -> int:
        """Number of pixels."""
        return int(np.count_nonzero(self.crop))

    @cached_property
    def box(self) -> Box:
        """Edges (x0, y0, x1, y1), exclusive at the end; zeros for an empty mask."""
        rows, columns = np.flatnonzero(self.crop.any(1)), np.flatnonzero(self.crop.any(0))
        if not len(rows):
            return 0.0, 0.0, 0.0, 0.0
        x0, x1, y0, y1 = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
        return float(self.left + x0), float(self.top + y0), float(self.left + x1), float(self.top + y1)

    def at(self, x: int, y: int) -> bool:
        """Whether a pixel, brought into the image where it lies outside, belongs to the mask."""
        row = min(max(y, 0), self.size[0] - 1) - self.top
        column = min(max(x, 0), self.size[1] - 1) - self.left
        inside = 0 <= row < self.crop.shape[0] and 0 <= column < self.crop.shape[1]
        return inside and bool(self.crop[row, column])

    def full(self) -> Mask:
        """(H, W) bool at image resolution."""
        if self.crop.shape == self.size:
            return self.crop
        out = np.zeros(self.size, bool)
        out[self.top : self.top + self.crop.shape[0], self.left : self.left + self.crop.shape[1]] = self.crop
        return out

    def iou(self, other: "MaskRegion") -> float:
        """Intersection over union; 1 for two empty masks."""
        top, bottom = _shared(self.top, self.crop.shape[0], other.top, other.crop.shape[0])
        left, right = _shared(self.left, self.crop.shape[1], other.left, other.crop.shape[1])
        first, second = (
            region.crop[top - region.top : bottom - region.top, left - region.left : right - region.left]
            for region in (self, other)
        )
        joint = np.count_nonzero(first & second)
        union = self.area + other.area - joint
        return joint / union if union else 1.0


@dataclass(frozen=True)
class Renderer:
    """Brings masks of one frame to its image; ``taps``: what the image's rows and columns read of a mask's grid."""

    taps: tuple[Taps, Taps]

    def logits(self, grid: Tensor, rows: Range, columns: Range) -> Tensor:
        """(rows, columns) logits at image resolution from one (h, w) grid."""
        down, across = self.taps
        lines, cells = down.span(rows, grid.shape[0]), across.span(columns, grid.shape[1])
        table = grid[lines[0] : lines[1], cells[0] : cells[1]].float().T.contiguous()
        wide = across.apply(table, columns, cells[0])
        return down.apply(wide.T.contiguous(), rows, lines[0])

    def whole(self, grids: Tensor) -> Tensor:
        """(K, H, W) logits at image resolution from (K, h, w) grids."""
        height, width = self._size
        out = grids.new_empty(len(grids), height, width, dtype=torch.float32)
        for number, grid in enumerate(grids):
            out[number] = self.logits(grid, (0, height), (0, width))
        return out

    def region(self, grid: Tensor) -> MaskRegion:
        """The mask of one (h, w) grid of logits; never empty."""
        spans = self.spans((grid > 0).cpu().numpy())
        if spans is not None:
            crop = self.logits(grid, *spans).cpu().numpy() > 0  # numpy compares in a third of torch's time
            if crop.any():
                return MaskRegion(crop, spans[0][0], spans[1][0], self._size)
        return MaskRegion.of(self._highest(grid))

    def spans(self, positive: Mask) -> tuple[Range, Range] | None:
        """Rows and columns of the image that read a positive cell of an (h, w) grid, None where none does."""
        rows, columns = np.flatnonzero(positive.any(1)), np.flatnonzero(positive.any(0))
        if not len(rows):
            return None
        down, across = self.taps
        tall, wide = down.reading(rows[0], rows[-1]), across.reading(columns[0], columns[-1])
        return (tall, wide) if tall[0] < tall[1] and wide[0] < wide[1] else None

    @property
    def _size(self) -> tuple[int, int]:
        """(height, width) of the image."""
        return len(self.taps[0].cells), len(self.taps[1].cells)

    def _highest(self, grid: Tensor) -> Mask:
        """The pixels of the highest logit, for a grid that has no positive one in the image."""
        full = self.whole(grid[None])[0]
        mask: Mask = (full >= full.max()).cpu().numpy()
        return mask


def _shared(start: int, length: int, other: int, its_length: int) -> Range:
    """What two ranges share, an empty range inside the first when that is nothing."""
    first = min(max(start, other), start + length)
    return first, max(first, min(start + length, other + its_length))
