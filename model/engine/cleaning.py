"""Cleaning of masks: islands and holes too small to be meant.

Components are found on runs of equal pixels in a row, thousands instead of a million pixels: runs of neighbouring rows
that touch, also by a corner, belong together.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from semsam_annotate.api import Mask

SMALLEST = 100
"""Pixels; smaller islands are dropped and smaller holes filled."""
Places = NDArray[np.int64]


def clean(mask: Mask, smallest: int = SMALLEST) -> Mask:
    """Fill holes, then drop islands, of fewer than ``smallest`` pixels (8-connected).

    The largest island always stays, and what touches the edge of the picture is no hole.
    """
    framed = np.pad(mask, 1)  # outside is one region, and no run of the mask goes on in the next row
    width, flat = framed.shape[1], framed.reshape(-1)
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    if not len(edges):
        return mask
    between = np.concatenate([[0], edges, [flat.size]])
    holes = _small(between[0::2], between[1::2], width, smallest, spare_first=True)
    _set(flat, between[0::2][holes], between[1::2][holes], True)
    edges = np.delete(edges, np.concatenate([2 * holes - 1, 2 * holes]))
    islands = _small(edges[0::2], edges[1::2], width, smallest, spare_first=False)
    _set(flat, edges[0::2][islands], edges[1::2][islands], False)
    return framed[1:-1, 1:-1]


def _small(starts: Places, ends: Places, width: int, smallest: int, spare_first: bool) -> Places:
    """Runs whose component is below the size, but for the component of the first run or else the largest one."""
    labels = _components(starts, ends, width)
    sizes = np.bincount(labels, weights=ends - starts)
    small = sizes < smallest
    small[labels[0] if spare_first else sizes.argmax()] = False
    return np.flatnonzero(small[labels])


def _components(starts: Places, ends: Places, width: int) -> Places:
    """Component of each run (start, end) of a picture read row by row."""
    # A run shifted down by a row touches a stretch of runs, those that end and start close enough.
    first, beyond = np.searchsorted(ends, starts + width, "left"), np.searchsorted(starts, ends + width, "right")
    above = np.repeat(np.arange(len(starts)), beyond - first)
    below = _counted(first, beyond)
    graph = coo_array((np.ones(len(above), np.int8), (above, below)), shape=(len(starts), len(starts)))
    labels: Places = connected_components(graph, directed=False)[1]
    return labels


def _set(flat: Mask, starts: Places, ends: Places, value: bool) -> None:
    flat[_counted(starts, ends)] = value


def _counted(starts: Places, ends: Places) -> Places:
    """All whole numbers of the ranges, one range after the other."""
    lengths = ends - starts
    counted: Places = np.arange(lengths.sum()) + np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
    return counted
