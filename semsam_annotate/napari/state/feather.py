"""Soft edges: how much of a change each pixel takes, and the picture with the change in it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import BadInput, Mask, RgbImage
from semsam_annotate.napari.state.accepted import Window, bounds

FEATHER = 1
"""Pixels around a mask over which a change fades out."""

Weights = NDArray[np.float32]


def feathered(rgb: RgbImage, mask: Mask, reach: int = FEATHER) -> tuple[Window, Weights]:
    """The rectangle of a (H, W, 3) picture that a change of ``mask``, (H, W) bool, touches, and weights 0..1 in it.

    1 on the mask, falling to 0 at ``reach`` + 1 pixels from it. BadInput when the mask is empty or of another size.
    """
    from scipy.ndimage import distance_transform_edt

    if rgb.shape[:2] != mask.shape:
        raise BadInput(f"the mask has (height, width) {mask.shape}, the picture {rgb.shape[:2]}")
    window = widened(box_of(mask), reach + 1, mask.shape)
    away = distance_transform_edt(~mask[window])
    return window, np.clip(1 - away / (reach + 1), 0, 1).astype(np.float32)


def box_of(mask: Mask) -> Window:
    """The smallest rectangle around a (H, W) bool mask; BadInput when it is empty."""
    window = bounds(mask)
    if window is None:
        raise BadInput("the mask is empty: choose one that covers something")
    return window


def widened(window: Window, by: int, size: tuple[int, ...]) -> Window:
    """A rectangle with a margin of ``by`` pixels, as far as a picture of ``size`` (height, width) goes."""
    rows, columns = (
        slice(max(side.start - by, 0), min(side.stop + by, length)) for side, length in zip(window, size, strict=True)
    )
    return rows, columns


def blended(rgb: RgbImage, window: Window, changed: NDArray[Any], weights: Weights) -> RgbImage:
    """A copy of a picture with ``changed`` (h, w, 3), 0..255, in a rectangle of it, as far as ``weights`` go."""
    out, before = rgb.copy(), rgb[window].astype(np.float32)
    mixed = before + weights[..., None] * (changed.astype(np.float32) - before)
    out[window] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return out
