"""Masks as runs of pixels: placed, compared and joined in images too large for arrays of their size."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from semsam_annotate.api.prompt import Box
from semsam_annotate.api.rle import Mask, Rle, run_lengths

Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Runs:
    """A mask of an image of ``size`` (height, width) as half-open runs [start, end) of column-major positions.

    The order of COCO's run-length encoding: position = column · height + row. Runs are ascending and never touch.
    Memory goes with the number of runs, about two per column of the mask's box for a plain shape.
    """

    size: tuple[int, int]
    starts: Positions
    ends: Positions

    @classmethod
    def of(cls, mask: Mask, size: tuple[int, int] | None = None, top: int = 0, left: int = 0) -> "Runs":
        """A (h, w) bool mask whose upper left pixel lies at (top, left) of an image of ``size``; its own if None."""
        height, width = size or (int(mask.shape[0]), int(mask.shape[1]))
        columns = np.zeros((mask.shape[1], mask.shape[0] + 1), bool)  # an empty row, so that runs end with the column
        columns[:, :-1] = mask.T
        flat = columns.ravel()
        edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
        edges = np.concatenate([[0], edges]) if flat[0] else edges
        placed = (edges // columns.shape[1] + left) * height + edges % columns.shape[1] + top
        return cls((height, width), *_joined(placed[::2], placed[1::2]))

    @classmethod
    def from_rle(cls, rle: Rle) -> "Runs":
        """From COCO's encoding with text counts."""
        edges = np.cumsum(run_lengths(rle["counts"].encode("ascii")))
        starts, ends = edges[:-1:2], edges[1::2]
        used = ends > starts
        return cls((int(rle["size"][0]), int(rle["size"][1])), starts[used], ends[used])

    def to_rle(self) -> Rle:
        """As COCO's encoding with text counts."""
        height, width = self.size
        edges = np.concatenate([[0], np.stack([self.starts, self.ends], 1).ravel(), [height * width]])
        counts = np.diff(edges)
        if counts[-1] == 0 and len(counts) > 1:
            counts = counts[:-1]
        raw = coco_mask.frPyObjects({"size": [height, width], "counts": counts.astype(np.uint32)}, height, width)
        return {"size": [height, width], "counts": raw["counts"].decode("ascii")}

    @cached_property
    def area(self) -> int:
        """Number of pixels."""
        return int((self.ends - self.starts).sum())

    @cached_property
    def box(self) -> Box:
        """Edges (x0, y0, x1, y1), exclusive at the end; zeros for an empty mask."""
        if not len(self.starts):
            return 0.0, 0.0, 0.0, 0.0
        height = self.size[0]
        first, last = self.starts // height, (self.ends - 1) // height
        tops, bottoms = self.starts % height, (self.ends - 1) % height
        if bool((last > first).any()):  # a run beyond the end of a column holds its last row and the next one's first
            tops, bottoms = np.array([0]), np.array([height - 1])
        return float(first[0]), float(tops.min()), float(last[-1] + 1), float(bottoms.max() + 1)

    def mask(self) -> Mask:
        """(height, width) bool; for images that fit into memory."""
        change = np.zeros(self.size[0] * self.size[1] + 1, np.int8)
        change[self.starts] += 1
        change[self.ends] -= 1
        return np.asarray(np.cumsum(change[:-1], dtype=np.int8).reshape(self.size[::-1]).T.astype(bool))

    def shared(self, other: "Runs") -> int:
        """Number of pixels that both hold."""
        few, many = (self, other) if len(self.starts) <= len(other.starts) else (other, self)
        return int((_held(many, few.ends) - _held(many, few.starts)).sum())

    def union(self, others: Sequence["Runs"]) -> "Runs":
        """The pixels of this and of the others."""
        starts = np.concatenate([self.starts, *[other.starts for other in others]])
        ends = np.concatenate([self.ends, *[other.ends for other in others]])
        order = np.argsort(starts, kind="stable")
        return Runs(self.size, *_joined(starts[order], np.maximum.accumulate(ends[order])))

    def within(self, top: int, left: int, bottom: int, right: int) -> "Runs":
        """What lies in the rows [top, bottom) and columns [left, right)."""
        first = np.searchsorted(self.ends, max(left, 0) * self.size[0], side="right")
        last = np.searchsorted(self.starts, min(right, self.size[1]) * self.size[0])
        near = Runs(self.size, self.starts[first:last], self.ends[first:last])
        return near._both(_rectangle(self.size, top, left, bottom, right))

    def minus(self, other: "Runs") -> "Runs":
        """The pixels of this that the other does not hold."""
        total = self.size[0] * self.size[1]
        gaps = Runs(self.size, np.concatenate([[0], other.ends]), np.concatenate([other.starts, [total]]))
        return self._both(gaps)

    def _both(self, other: "Runs") -> "Runs":
        """The pixels that both hold: every piece between two edges, where either starts or ends."""
        edges = np.unique(np.concatenate([self.starts, self.ends, other.starts, other.ends]))
        if len(edges) < 2:
            return Runs(self.size, edges[:0], edges[:0])
        inside = _holds(self, edges[:-1]) & _holds(other, edges[:-1])
        return Runs(self.size, *_joined(edges[:-1][inside], edges[1:][inside]))


def _joined(starts: Positions, ends: Positions) -> tuple[Positions, Positions]:
    """Ascending runs with those that touch or overlap made one; ``ends`` ascending too."""
    if not len(starts):
        return starts.astype(np.int64), ends.astype(np.int64)
    apart = starts[1:] > ends[:-1]
    first, last = np.concatenate([[True], apart]), np.concatenate([apart, [True]])
    return starts[first].astype(np.int64), ends[last].astype(np.int64)


def _held(runs: Runs, positions: Positions) -> Positions:
    """How many pixels of the runs lie before each position."""
    before = np.concatenate([[0], np.cumsum(runs.ends - runs.starts)])
    index = np.searchsorted(runs.starts, positions)
    last = np.maximum(index - 1, 0)
    over = np.maximum(runs.ends[last] - positions, 0) if len(runs.ends) else np.zeros_like(positions)
    return np.asarray(before[index] - np.where(index > 0, over, 0))


def _holds(runs: Runs, positions: Positions) -> NDArray[np.bool_]:
    """Whether each position is in a run."""
    index = np.searchsorted(runs.starts, positions, side="right") - 1
    if not len(runs.ends):
        return np.zeros(len(positions), bool)
    return np.asarray((index >= 0) & (positions < runs.ends[np.maximum(index, 0)]))


def _rectangle(size: tuple[int, int], top: int, left: int, bottom: int, right: int) -> Runs:
    columns = np.arange(max(left, 0), min(right, size[1]), dtype=np.int64) * size[0]
    starts, ends = columns + max(top, 0), columns + min(bottom, size[0])
    used = ends > starts
    return Runs(size, *_joined(starts[used], ends[used]))
