"""Whether two arrays of pixels are one picture, turned the same way."""

import numpy as np

from semsam_annotate.api import RgbImage

FURTHEST = 24.0
"""Brightness, 0..255, by which a pixel may differ: more is another picture, or something moved in it."""
SHARE = 0.05
"""Mean difference allowed, as a share of the spread of brightness: so a dark picture is told from its mirror image."""
ROWS = 256
"""Compared at once, so that large pictures are not there a second time."""


def same_picture(first: RgbImage, second: RgbImage) -> bool:
    """Whether both, (H, W, 3) uint8, show the same in the same place.

    Decoders of JPEG round differently, so brightness may differ a little, though never by much anywhere.
    """
    return first.shape == second.shape and (np.array_equal(first, second) or _nearly(first, second))


def _nearly(first: RgbImage, second: RgbImage) -> bool:
    far = brightness = squares = 0.0
    for row in range(0, len(first), ROWS):
        one, other = (pixels[row : row + ROWS].mean(axis=2, dtype=np.float32) for pixels in (first, second))
        difference = np.abs(one - other)
        if difference.max() > FURTHEST:
            return False
        far += float(difference.sum(dtype=float))
        brightness, squares = brightness + float(one.sum(dtype=float)), squares + float((one**2).sum(dtype=float))
    count = first.shape[0] * first.shape[1]
    spread = max(squares / count - (brightness / count) ** 2, 0.0) ** 0.5
    return bool(far / count <= SHARE * spread)
