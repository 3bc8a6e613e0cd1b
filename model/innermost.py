"""Where a person would click a mask."""

import numpy as np

from semsam_annotate.api import BadInput, Mask


def innermost(mask: Mask) -> tuple[int, int]:
    """(x, y) of the pixel of a (H, W) bool mask that lies deepest inside it, the image's border counting as outside.

    The arg-max, first in row-major order, of the Euclidean distance transform of the mask padded by one pixel. Raises
    BadInput for an empty mask.
    """
    from scipy.ndimage import distance_transform_edt  # a third of a second that a first click need not wait for

    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        raise BadInput("an empty mask has no pixel to click")
    # Outside its own box the mask is background, so the box padded by one pixel gives the same distances, faster.
    top, left = int(rows[0]), int(columns[0])
    crop = np.pad(mask[top : rows[-1] + 1, left : columns[-1] + 1], 1)
    y, x = np.unravel_index(int(distance_transform_edt(crop).argmax()), crop.shape)
    return int(x) - 1 + left, int(y) - 1 + top
