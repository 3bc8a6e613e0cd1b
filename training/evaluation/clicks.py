"""Simulated clicks: where a person would point at a mask, and where they would correct a proposal."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from semsam_annotate.api import Mask
from semsam_annotate.model.innermost import innermost


def correction_click(proposed: Mask, truth: Mask) -> tuple[tuple[int, int], int] | None:
    """((x, y), label): the centre of the largest region where two (H, W) bool masks differ.

    label 1: the region was missed; 0: it was taken by mistake. A missed region wins a tie. None when nothing differs.
    """
    missed, mistaken = _largest_piece(truth & ~proposed), _largest_piece(proposed & ~truth)
    if not missed.any() and not mistaken.any():
        return None
    if missed.sum() >= mistaken.sum():
        return innermost(missed), 1
    return innermost(mistaken), 0


def _largest_piece(mask: Mask) -> NDArray[np.bool_]:
    """The largest 4-connected piece of a mask; empty for an empty one."""
    pieces, count = label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return np.asarray(pieces == sizes.argmax())
