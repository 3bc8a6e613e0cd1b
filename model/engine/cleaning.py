"""Cleaning of masks: islands and holes too small to be meant."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from semsam_annotate.api import Mask

SMALLEST = 100
"""Pixels; smaller islands are dropped and smaller holes filled."""
_EIGHT = np.ones((3, 3), int)


def clean(mask: Mask, smallest: int = SMALLEST) -> Mask:
    """Fill holes, then drop islands, of fewer than ``smallest`` pixels (8-connected); the largest island always stays."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return mask
    # Only the tight box, plus one pixel so that the outside is one region, can change.
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    crop = np.pad(mask[box], 1)
    filled = crop | _small(~crop, smallest, keep_largest=True)
    kept = filled & ~_small(filled, smallest, keep_largest=True)
    out = np.zeros_like(mask)
    out[box] = kept[1:-1, 1:-1]
    return out


def _small(mask: Mask, smallest: int, keep_largest: bool) -> Mask:
    """The pixels of components below the size."""
    regions, count = label(mask, _EIGHT)
    sizes: NDArray[np.int64] = np.bincount(regions.ravel(), minlength=count + 1)
    sizes[0] = 0
    chosen = (sizes > 0) & (sizes < smallest)
    if keep_largest and count:
        chosen[int(sizes.argmax())] = False
    return np.asarray(chosen[regions])
