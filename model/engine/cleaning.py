"""Cleaning of masks: islands and holes too small to be meant."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from semsam_annotate.api import Mask

SMALLEST = 100
"""Pixels; smaller islands are dropped and smaller holes filled."""
_EIGHT = np.ones((3, 3), int)
Labels = NDArray[np.int64]


def clean(mask: Mask, smallest: int = SMALLEST) -> Mask:
    """Fill holes, then drop islands, of fewer than ``smallest`` pixels (8-connected).

    The largest island always stays, and the outside is no hole however little of it the mask's box leaves.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return mask
    # Only the tight box, plus one pixel so that the outside is one region, can change.
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    crop = np.pad(mask[box], 1)
    filled = crop | _small(~crop, smallest, lambda regions, _: int(regions[0, 0]))
    kept = filled & ~_small(filled, smallest, lambda _, sizes: int(sizes.argmax()))
    out = np.zeros_like(mask)
    out[box] = kept[1:-1, 1:-1]
    return out


def _small(mask: Mask, smallest: int, spare: Callable[[Labels, Labels], int]) -> Mask:
    """The pixels of components below the size, but for the one that ``spare`` picks from label map and sizes."""
    regions, count = label(mask, _EIGHT)
    sizes: Labels = np.bincount(regions.ravel(), minlength=count + 1)
    sizes[0] = 0
    chosen = (sizes > 0) & (sizes < smallest)
    chosen[spare(regions, sizes)] = False
    return np.asarray(chosen[regions])
