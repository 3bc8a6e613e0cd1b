"""Whether an outline follows what is to be seen: how steep the picture is along it."""

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import Mask, RgbImage


def steepness(rgb: RgbImage) -> NDArray[np.float32]:
    """How much the grey of (H, W, 3) uint8 changes at each pixel, grey levels a pixel, (H, W), noise smoothed away."""
    grey = rgb.astype(np.float32).mean(axis=2)
    for axis in (0, 1, 0, 1):
        padded = np.pad(grey, [(1, 1) if axis == side else (0, 0) for side in (0, 1)], mode="edge")
        before, here, after = (np.take(padded, range(at, at + grey.shape[axis]), axis) for at in (0, 1, 2))
        grey = (before + 2 * here + after) / 4
    slopes = [np.gradient(grey, axis=axis) if grey.shape[axis] > 1 else np.zeros_like(grey) for axis in (0, 1)]
    return np.asarray(np.hypot(slopes[0], slopes[1]), np.float32)


def steepness_along(slope: NDArray[np.float32], mask: Mask) -> float:
    """Mean of ``slope`` (H, W) on the outline of a mask (H, W), a pixel to each side; where the image ends is none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return 0.0
    window = slice(max(rows[0] - 1, 0), rows[-1] + 2), slice(max(columns[0] - 1, 0), columns[-1] + 2)
    here = mask[window]
    ring = np.zeros(here.shape, bool)
    down, right = here[1:] != here[:-1], here[:, 1:] != here[:, :-1]
    for side in (ring[1:], ring[:-1]):
        side |= down
    for side in (ring[:, 1:], ring[:, :-1]):
        side |= right
    return float(slope[window][ring].mean()) if ring.any() else 0.0
