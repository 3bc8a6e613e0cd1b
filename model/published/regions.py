"""Cleaning as the published demo does it: 8-connected, and whatever the image's border cuts off is a hole too."""

from typing import Literal

import numpy as np
from scipy.ndimage import label

from semsam_annotate.api import Mask

_EIGHT = np.ones((3, 3), int)


def remove_small(mask: Mask, smallest: int, kind: Literal["holes", "islands"]) -> tuple[Mask, bool]:
    """Fill holes, or drop islands, of fewer than ``smallest`` pixels; and whether there were any.

    When every island is too small, the largest stays. The background of the image counts as a hole like any other.
    """
    holes = kind == "holes"
    regions, count = label(~mask if holes else mask, _EIGHT)
    sizes = np.bincount(regions.ravel(), minlength=count + 1)
    small = sizes < smallest
    small[0] = False
    if not small.any():
        return mask, False
    if not holes and small[1:].all():
        small[1 + int(sizes[1:].argmax())] = False
    found: Mask = small[regions]
    return (mask | found if holes else mask & ~found), True


def clean_both(mask: Mask, holes: int, islands: int) -> tuple[Mask, bool]:
    """Holes, then islands; and whether either changed the mask."""
    filled, had_holes = remove_small(mask, holes, "holes")
    kept, had_islands = remove_small(filled, islands, "islands")
    return kept, had_holes or had_islands
