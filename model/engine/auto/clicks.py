"""Where a search clicks: evenly at first, then denser where that pays."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import Point

Flags = NDArray[np.bool_]


def grid(height: int, width: int, side: int) -> NDArray[np.float64]:
    """(N, 2) clicks (x, y), in pixels, at the centres of ``side`` squares along the longer side, one at least."""
    step = max(height, width) / side
    rows, columns = max(1, round(height / step)), max(1, round(width / step))
    x = (np.arange(columns) + 0.5) * width / columns - 0.5
    y = (np.arange(rows) + 0.5) * height / rows - 0.5
    return np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)


def rounds(side: int) -> tuple[int, ...]:
    """Sides of the grids of a search that ends with ``side``: a quarter, a half, all of it."""
    return tuple(sorted({max(1, side // 4), max(1, side // 2), side}))


def wanted(clicks: NDArray[np.float64], size: tuple[int, int], masks: Flags, side: int) -> NDArray[np.float64]:
    """The clicks (N, 2) of a finer grid that are worth making, given the masks (M, h, w) found so far.

    ``size``: (height, width) of the image in pixels; ``side``: of the grid before. Worth it is a place that no mask
    covers, or only one of more than a quarter of the image, and a place beside or in a mask smaller than a
    square of the grid before: small things come in groups, and have parts.
    """
    if not len(masks):
        return clicks
    height, width = masks.shape[1:]
    rows = np.clip(((clicks[:, 1] + 0.5) / size[0] * height).astype(int), 0, height - 1)
    columns = np.clip(((clicks[:, 0] + 0.5) / size[1] * width).astype(int), 0, width - 1)
    areas = masks.reshape(len(masks), -1).sum(1)
    covered = masks[areas <= height * width / 4].any(0)
    step = max(height, width) / side
    busy = _around(masks[areas < step * step], step / 2)
    return np.asarray(clicks[~covered[rows, columns] | busy[rows, columns]])


def _around(masks: Flags, reach: float) -> Flags:
    """(h, w): the boxes of masks, wider by ``reach`` cells on each side."""
    out = np.zeros(masks.shape[1:], bool)
    for mask in masks:
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if len(rows):
            out[
                max(0, int(rows[0] - reach)) : int(rows[-1] + 1 + reach),
                max(0, int(columns[0] - reach)) : int(columns[-1] + 1 + reach),
            ] = True
    return out


def as_points(clicks: NDArray[np.float64]) -> Iterator[Point]:
    """Clicks as pairs of floats."""
    yield from map(tuple, clicks.tolist())
