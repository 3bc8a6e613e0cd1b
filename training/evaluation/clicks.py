"""Simulated clicks: where a person would point at a mask, and where they would correct a proposal."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, label

from semsam_annotate.api import BadInput, Mask


def mask_click(mask: Mask) -> tuple[int, int]:
    """(x, y) of the pixel of a (H, W) bool mask that lies deepest inside it, the image's border counting as outside.

    The arg-max, first in row-major order, of the Euclidean distance transform of the mask padded by one pixel. Raises
    BadInput for an empty mask.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        raise BadInput("an empty mask has no pixel to click")
    # Outside its own box the mask is background, so the box padded by one pixel gives the same distances, faster.
    top, left = int(rows[0]), int(columns[0])
    crop = mask[top : rows[-1] + 1, left : columns[-1] + 1]
    depth = distance_transform_edt(np.pad(crop, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return left + int(x), top + int(y)


def correction_click(proposed: Mask, truth: Mask) -> tuple[tuple[int, int], int] | None:
    """((x, y), label): the centre of the largest region where two (H, W) bool masks differ.

    label 1: the region was missed; 0: it was taken by mistake. A missed region wins a tie. None when nothing differs.
    """
    missed, mistaken = _largest_piece(truth & ~proposed), _largest_piece(proposed & ~truth)
    if not missed.any() and not mistaken.any():
        return None
    if missed.sum() >= mistaken.sum():
        return mask_click(missed), 1
    return mask_click(mistaken), 0


def _largest_piece(mask: Mask) -> NDArray[np.bool_]:
    """The largest 4-connected piece of a mask; empty for an empty one."""
    pieces, count = label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return np.asarray(pieces == sizes.argmax())
