"""Cleaning of masks: islands and holes too small to be meant.

Components are found on runs of equal pixels in a row, thousands instead of a million pixels: runs of neighbouring rows
that touch, also by a corner, belong together. Runs of mask and of background follow each other, so that one search and
one graph hold both. Several masks are cleaned as one tall picture, in which they lie one below the other: most of the
time of a single mask goes into calls, not into runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from semsam_annotate.api import Mask

SMALLEST = 100
"""Pixels; smaller islands are dropped and smaller holes filled."""
Places = NDArray[np.int64]


def clean(mask: Mask, smallest: int = SMALLEST) -> Mask:
    """One mask, as in ``clean_all``."""
    return clean_all([mask], smallest)[0]


def clean_all(masks: Sequence[Mask], smallest: int = SMALLEST) -> list[Mask]:
    """Fill holes, then drop islands, of fewer than ``smallest`` pixels (8-connected), in masks of any sizes.

    The largest island of a mask always stays, and what touches the edge of the picture is no hole.
    """
    if not masks:
        return []
    stack = Stack.of(masks)
    bounds = np.concatenate([[0], np.flatnonzero(stack.flat[1:] != stack.flat[:-1]) + 1, [stack.flat.size]])
    if len(bounds) > 2:
        filled, dropped = _changes(stack, bounds, smallest)
        stack.flat[_counted(bounds[filled], bounds[filled + 1])] = True
        stack.flat[_counted(bounds[dropped], bounds[dropped + 1])] = False
    return stack.masks()


@dataclass(frozen=True)
class Stack:
    """Masks one below the other, each in a frame of background: all that is outside is one region.

    ``flat``: their framed pixels one after the other; mask i has ``shapes`` (h, w) with frame and begins at
    ``starts`` [i] there, and in row ``rows`` [i] of a picture as wide as the widest.
    """

    flat: Mask
    shapes: Places
    starts: Places
    rows: Places

    @classmethod
    def of(cls, masks: Sequence[Mask]) -> "Stack":
        """Copies the masks."""
        shapes = np.array([mask.shape for mask in masks]) + 2
        flat = np.zeros(int(shapes.prod(1).sum()), bool)
        starts, rows = (np.append(0, np.cumsum(lengths))[:-1] for lengths in (shapes.prod(1), shapes[:, 0]))
        stack = cls(flat, shapes, starts, rows)
        for inner, mask in zip(stack.masks(), masks, strict=True):
            inner[:] = mask
        return stack

    def masks(self) -> list[Mask]:
        """Views of the masks, without their frames."""
        spans = zip(self.starts, self.shapes, strict=True)
        return [self.flat[start : start + h * w].reshape(h, w)[1:-1, 1:-1] for start, (h, w) in spans]

    @property
    def width(self) -> int:
        """Of the picture."""
        return int(self.shapes[:, 1].max())

    def owners(self, places: Places) -> Places:
        """Which mask holds each index of ``flat``; the last one where it ends."""
        owners: Places = np.searchsorted(self.starts, places, "right") - 1
        return owners

    def in_picture(self, places: Places) -> Places:
        """Indices of the picture, read row by row, for indices of ``flat``; a run of pixels remains one."""
        if (self.shapes[:, 1] == self.width).all():
            return places
        owner = self.owners(places)
        row, column = np.divmod(places - self.starts[owner], self.shapes[owner, 1])
        found: Places = (self.rows[owner] + row) * self.width + column
        return found


def _changes(stack: Stack, bounds: Places, smallest: int) -> tuple[Places, Places]:
    """Runs of background to fill and runs of mask to drop; run i lies from bounds[i] to bounds[i + 1], the odd ones
    are mask."""
    labels = _components(stack.in_picture(bounds), stack.width)
    sizes = np.bincount(labels, weights=np.diff(bounds))
    first = _firsts(labels, len(sizes))
    mask, owners = first % 2 == 1, stack.owners(bounds[first])
    hole = ~mask & (sizes < smallest)
    hole[labels[0]] = False  # the outside
    runs = np.flatnonzero(hole[labels])
    islands = _joined(labels, runs, len(sizes))
    lost = _lost(islands, np.where(mask | hole, sizes, 0), owners, smallest)
    return runs[~lost[labels[runs]]], np.flatnonzero((lost & mask)[labels])


def _firsts(labels: Places, count: int) -> Places:
    """First run of each component."""
    first = np.empty(count, np.int64)
    first[labels[::-1]] = np.arange(len(labels) - 1, -1, -1)
    return first


def _lost(islands: Places, sizes: NDArray[np.float64], owners: Places, smallest: int) -> NDArray[np.bool_]:
    """Of each component, whether its island is too small and not the largest of the mask that owns it.

    ``islands``: which components are one. What is no mask has size 0 and makes islands that nobody asks about.
    """
    whole = np.bincount(islands, weights=sizes)
    owner = owners[_firsts(islands, len(whole))]
    order = np.lexsort((-whole, owner))
    small = whole < smallest
    small[order[np.unique(owner[order], return_index=True)[1]]] = False
    found: NDArray[np.bool_] = small[islands]
    return found


def _joined(labels: Places, holes: Places, count: int) -> Places:
    """Island of each component once the runs ``holes`` are mask: one with what lies left and right of them."""
    if not len(holes):
        return np.arange(count)
    pairs = np.concatenate([labels[holes], labels[holes]]), np.concatenate([labels[holes - 1], labels[holes + 1]])
    found: Places = connected_components(coo_array((np.ones(len(pairs[0])), pairs), (count, count)), directed=False)[1]
    return found


def _components(bounds: Places, width: int) -> Places:
    """Component of each run of a picture read row by row; every second run is of mask, and touches only such runs."""
    # A run shifted down by a row touches a stretch of runs, those that end and start close enough.
    below = bounds + width
    least = np.searchsorted(bounds, below, "left")
    most = least + (bounds[np.minimum(least, len(bounds) - 1)] == below)
    runs = np.arange(len(bounds) - 1)
    first, beyond = least[:-1] - 1, np.minimum(most[1:], len(runs))
    first += (first - runs) & 1
    counts = np.maximum(beyond - first + 1, 0) // 2
    ends = np.cumsum(counts)
    touched = 2 * np.arange(ends[-1]) + np.repeat(first - 2 * (ends - counts), counts)
    graph = csr_array((np.ones(len(touched)), touched, np.append(0, ends)), shape=(len(runs), len(runs)))
    labels: Places = connected_components(graph, directed=False)[1]
    return labels


def _counted(starts: Places, ends: Places) -> Places:
    """All whole numbers of the ranges, one range after the other."""
    lengths = ends - starts
    counted: Places = np.arange(lengths.sum()) + np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
    return counted
