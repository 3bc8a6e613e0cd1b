"""Simulated annotators: where to click on a mask, which box to draw, where to correct."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

Mask = NDArray[np.bool_]


def anywhere(mask: Mask, rng: np.random.Generator) -> tuple[int, int]:
    """(x, y) of a random pixel of a non-empty mask."""
    hits = np.flatnonzero(mask)
    y, x = divmod(int(hits[rng.integers(len(hits))]), mask.shape[1])
    return x, y


def near_middle(mask: Mask, rng: np.random.Generator) -> tuple[int, int]:
    """(x, y) of a random pixel of a non-empty mask, in proportion to the square of its depth: few point at an edge."""
    depth = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1].ravel() ** 2
    y, x = divmod(int(rng.choice(depth.size, p=depth / depth.sum())), mask.shape[1])
    return x, y


def loose_box(mask: Mask, rng: np.random.Generator, slack: float = 0.08) -> tuple[float, float, float, float]:
    """Edges (x0, y0, x1, y1) around a non-empty mask, each off by up to ``slack`` of the side."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    edges = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], float)
    sides = np.tile(edges[2:] - edges[:2], 2)
    moved = edges + rng.uniform(-slack, slack, 4) * sides
    limit = np.tile(mask.shape[::-1], 2)
    x0, y0, x1, y1 = np.clip(moved, 0, limit)
    return float(x0), float(y0), float(max(x1, x0 + 1)), float(max(y1, y0 + 1))


def correction(predicted: Mask, truth: Mask) -> tuple[tuple[int, int], bool] | None:
    """Innermost (x, y) of the wider error region and whether the pixel belongs to the truth; None when all is right."""
    best: tuple[float, tuple[int, int], bool] | None = None
    for error, belongs in ((truth & ~predicted, True), (predicted & ~truth, False)):
        if not error.any():
            continue
        depth = distance_transform_edt(np.pad(error, 1))[1:-1, 1:-1]
        y, x = np.unravel_index(int(depth.argmax()), depth.shape)
        if best is None or depth[y, x] > best[0]:
            best = (float(depth[y, x]), (int(x), int(y)), belongs)
    return None if best is None else (best[1], best[2])
