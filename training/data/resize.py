"""Shrinking of masks to the size of a shrunk image."""

from typing import Any

import numpy as np
from PIL import Image


def fit(height: int, width: int, max_side: int | None) -> tuple[int, int]:
    """(height, width) with the longer side at most ``max_side``; never enlarged, never below one pixel."""
    longer = max(height, width)
    if max_side is None or longer <= max_side:
        return height, width
    return max(1, round(height * max_side / longer)), max(1, round(width * max_side / longer))


def shrink_masks(
    masks: np.ndarray[Any, np.dtype[np.bool_]], height: int, width: int
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """(N, H, W) to (N, height, width): a pixel is set when more than half of what it covers was.

    Monotone: a mask inside another stays inside it.
    """
    if masks.shape[1:] == (height, width):
        return masks
    out = np.empty((len(masks), height, width), bool)
    for index, mask in enumerate(masks):
        grey = Image.fromarray(np.ascontiguousarray(mask).view(np.uint8) * np.uint8(255))
        out[index] = np.asarray(grey.resize((width, height), Image.Resampling.BOX)) > 127
    return out
