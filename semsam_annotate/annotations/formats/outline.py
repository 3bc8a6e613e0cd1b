"""The outline of a mask as one polygon: pieces and holes joined by bridges that are walked there and back."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import Mask

Corner = tuple[int, int]
Ring = list[Corner]
Corners = NDArray[np.int64]
Gap = tuple[int, Corner, Corner]
_ROWS = 512
"""Corners that are compared at once, so that long outlines need little memory."""
_LEFT = {(1, 0): (0, -1), (0, -1): (-1, 0), (-1, 0): (0, 1), (0, 1): (1, 0)}
"""The turn to the left, y down."""


def rings(mask: Mask) -> list[Ring]:
    """The closed outlines of a (H, W) mask along the edges of its pixels, corners (x, y) in 0..W and 0..H.

    Outer ones clockwise (y down), holes against it; corners on a straight line are left out. Filled by the even-odd
    rule they give the mask exactly. Pixels that touch at a corner only are two pieces.
    """
    ways = _edges(mask)
    found = []
    while ways:
        start = next(iter(ways))
        found.append(_walked(start, ways))
    return found


def one_polygon(mask: Mask) -> tuple[Ring, int]:
    """The outlines joined to one, the nearest first, and how many bridges that took; none adds area."""
    joined, *others = rings(mask)
    corners = [np.array(ring) for ring in others]
    boxes = np.array([(*ring.min(0), *ring.max(0)) for ring in corners]).reshape(-1, 4)
    gaps = [_nearest(np.array(joined), ring) for ring in corners]
    squares = np.array([gap[0] for gap in gaps], np.float64)  # infinite once joined
    for _ in others:
        number = min(np.flatnonzero(squares == squares.min()).tolist(), key=lambda index: gaps[index])
        _, here, there = gaps[number]
        ring, squares[number] = others[number], np.inf
        place, turn = joined.index(here), ring.index(there)
        joined = [*joined[: place + 1], *ring[turn:], *ring[: turn + 1], *joined[place:]]
        near = np.isfinite(squares) & (_apart(boxes[number], boxes) <= squares)
        for index in np.flatnonzero(near).tolist():
            gaps[index] = min(gaps[index], _nearest(corners[number], corners[index]))
            squares[index] = gaps[index][0]
    return joined, len(others)


def _apart(box: Corners, boxes: Corners) -> Corners:
    """Squared distance of a box (x0, y0, x1, y1) to others: no two corners within are nearer."""
    between = np.maximum(boxes[:, :2] - box[2:], box[:2] - boxes[:, 2:])
    squares: Corners = (np.maximum(between, 0) ** 2).sum(1)
    return squares


def _edges(mask: Mask) -> dict[Corner, list[Corner]]:
    """Directions that edges take from every corner, the mask to their right."""
    padded = np.pad(np.ascontiguousarray(mask, bool), 1)  # masks come column by column, which is slow to search
    inside = padded[1:-1, 1:-1]
    ways: dict[Corner, list[Corner]] = defaultdict(list)
    sides: list[tuple[NDArray[np.bool_], Corner, Corner]] = [
        (padded[:-2, 1:-1], (0, 0), (1, 0)),
        (padded[1:-1, 2:], (1, 0), (0, 1)),
        (padded[2:, 1:-1], (1, 1), (-1, 0)),
        (padded[1:-1, :-2], (0, 1), (0, -1)),
    ]
    for neighbour, (right, down), way in sides:
        rows, columns = np.divmod(np.flatnonzero(inside & ~neighbour), inside.shape[1])
        for y, x in zip((rows + down).tolist(), (columns + right).tolist(), strict=True):
            ways[x, y].append(way)
    return ways


def _walked(start: Corner, ways: dict[Corner, list[Corner]]) -> Ring:
    """One outline, its edges taken out of ``ways``; where two meet, the sharper turn towards the mask."""
    ring: Ring = []
    at, last = start, (0, 0)
    while at in ways:
        way = _next(ways[at], last)
        ways[at].remove(way)
        if not ways[at]:
            del ways[at]
        if way != last:
            ring.append(at)
        at, last = (at[0] + way[0], at[1] + way[1]), way
        if at == start:
            break
    return ring


def _next(choices: list[Corner], last: Corner) -> Corner:
    left = _LEFT.get(last)
    return next((way for way in choices if way != left), choices[0])


def _nearest(first: Corners, second: Corners) -> Gap:
    """Squared distance of the two nearest corners, and which they are."""
    gaps = []
    for start in range(0, len(first), _ROWS):
        part = first[start : start + _ROWS]
        squares = ((part[:, None] - second[None]) ** 2).sum(-1)
        here, there = divmod(int(squares.argmin()), len(second))
        gaps.append((int(squares[here, there]), _corner(part[here]), _corner(second[there])))
    return min(gaps)


def _corner(pair: Corners) -> Corner:
    return int(pair[0]), int(pair[1])
