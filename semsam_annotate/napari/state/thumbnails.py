"""Small pictures of masks: the photo around a mask, what is outside it dimmed."""

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import Box, Mask, RgbImage

MARGIN = 0.25
"""Share of the box's longer side that is shown around it."""


def thumbnail(rgb: RgbImage, mask: Mask, box: Box, size: tuple[int, int]) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 of ``size``: ``box`` (x0, y0, x1, y1) and a margin, pixels outside ``mask`` dimmed.

    Every pixel shown is the nearest one of the photo; beyond its border it is black.
    """
    rows, columns = _places(box, size)
    inside = (rows >= 0) & (rows < rgb.shape[0]), (columns >= 0) & (columns < rgb.shape[1])
    at = np.ix_(rows.clip(0, rgb.shape[0] - 1), columns.clip(0, rgb.shape[1] - 1))
    shown = np.where(mask[at][..., None], rgb[at], rgb[at] // 4 + 40)
    shown[~(inside[0][:, None] & inside[1][None])] = 0
    return np.ascontiguousarray(shown.astype(np.uint8))


def _places(box: Box, size: tuple[int, int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the photo under the centres of the thumbnail's pixels."""
    x0, y0, x1, y1 = box
    height, width = size
    margin = MARGIN * max(x1 - x0, y1 - y0, 4.0)
    step = max((x1 - x0 + 2 * margin) / width, (y1 - y0 + 2 * margin) / height)
    rows = (y0 + y1) / 2 + (np.arange(height) + 0.5 - height / 2) * step
    columns = (x0 + x1) / 2 + (np.arange(width) + 0.5 - width / 2) * step
    return np.floor(rows).astype(np.intp), np.floor(columns).astype(np.intp)
