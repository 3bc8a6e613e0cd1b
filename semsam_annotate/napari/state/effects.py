"""What can be done to the pixels of a mask: recolour, blur, cut out, copy. The picture itself is never changed."""

import math

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import Mask, RgbImage
from semsam_annotate.napari.state.accepted import Window
from semsam_annotate.napari.state.feather import blended, box_of, feathered

Colour = tuple[int, int, int]
"""sRGB, 0..255."""
RgbaImage = NDArray[np.uint8]
"""(H, W, 4), alpha not premultiplied."""

STRONGEST_BLUR = 0.15
"""Standard deviation of the strongest blur, as a share of the longer side of the mask's box."""
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Of linear sRGB (ITU-R BT.709)."""


def recoloured(rgb: RgbImage, mask: Mask, colour: Colour, strength: float = 1.0) -> RgbImage:
    """(H, W, 3) uint8 with the mask, (H, W) bool, in the hue and saturation of ``colour``; its lightness stays.

    Where the screen cannot show a colour that light or that dark it is less saturated. Black, white and grey take the
    colour out. ``strength``: 0 changes nothing, 1 leaves nothing of the colours before. BadInput for an empty mask.
    """
    window, weights = feathered(rgb, mask)
    before = _linear(rgb[window])
    luminance = before @ LUMINANCE
    mixed = before + np.float32(strength) * (_tinted(luminance, colour) - before)
    return blended(rgb, window, _displayed(mixed), weights)


def blurred(rgb: RgbImage, mask: Mask, strength: float = 0.5) -> RgbImage:
    """(H, W, 3) uint8 with the mask, (H, W) bool, blurred; what lies around it does not bleed into it.

    ``strength``: 0 (a pixel) to 1 (``STRONGEST_BLUR``), by the size of the mask, so that as much of a small mask is
    left as of a large one. BadInput for an empty mask.
    """
    window, weights = feathered(rgb, mask)
    inside, pixels = mask[window].astype(np.float32), rgb[window].astype(np.float32)
    width = _box_width(max(1.0, strength * STRONGEST_BLUR * _longer_side(mask)))
    mass = _smoothed(inside[..., None], width)
    smooth = _smoothed(pixels * inside[..., None], width) / np.maximum(mass, 1e-6)
    return blended(rgb, window, np.where(mass > 1e-6, smooth, pixels), weights)


def cut_out(rgb: RgbImage, mask: Mask) -> RgbaImage:
    """(H, W, 4) uint8: the mask, (H, W) bool, alone; what lies around it is transparent. BadInput for an empty one."""
    window, weights = feathered(rgb, mask)
    out = np.zeros((*mask.shape, 4), np.uint8)
    out[window] = _with_alpha(rgb[window], weights)
    return out


def copied(rgb: RgbImage, mask: Mask) -> tuple[Window, RgbaImage]:
    """The mask, (H, W) bool, alone, as large as it is, and where that lies. BadInput for an empty one."""
    window, weights = feathered(rgb, mask)
    return window, _with_alpha(rgb[window], weights)


def _with_alpha(rgb: RgbImage, weights: NDArray[np.float32]) -> RgbaImage:
    return np.dstack([rgb, np.rint(255 * weights).astype(np.uint8)])


def _tinted(luminance: NDArray[np.float32], colour: Colour) -> NDArray[np.float32]:
    """(h, w, 3) linear sRGB of the luminance given and the chromaticity of a colour, nearer to grey where it must."""
    wanted = _linear(np.array(colour, np.uint8))
    own = float(wanted @ LUMINANCE)
    full = luminance[..., None] * (wanted / own if own > 0 else np.ones(3, np.float32))
    most = full.max(axis=-1)
    share = np.where(most > 1, (1 - luminance) / np.maximum(most - luminance, 1e-6), 1)
    return np.asarray(luminance[..., None] + share[..., None] * (full - luminance[..., None]), np.float32)


def _linear(values: NDArray[np.uint8]) -> NDArray[np.float32]:
    scale = np.arange(256) / 255
    table = np.where(scale <= 0.04045, scale / 12.92, ((scale + 0.055) / 1.055) ** 2.4)
    return np.asarray(table.astype(np.float32)[values])


def _displayed(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """Linear sRGB as 0..255."""
    held = np.clip(linear, 0, 1)
    return np.asarray(255 * np.where(held <= 0.0031308, 12.92 * held, 1.055 * held ** (1 / 2.4) - 0.055), np.float32)


def _longer_side(mask: Mask) -> int:
    rows, columns = box_of(mask)
    return max(int(rows.stop - rows.start), int(columns.stop - columns.start))


def _box_width(sigma: float) -> int:
    """Odd width of a mean that, taken three times, spreads like a Gaussian of ``sigma`` pixels."""
    return max(3, round(math.sqrt(4 * sigma**2 + 1)) // 2 * 2 + 1)


def _smoothed(values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Three running means: nearly a Gaussian, in a time that does not grow with its width."""
    from scipy.ndimage import uniform_filter

    for _ in range(3):
        values = uniform_filter(values, size=(width, width, 1), mode="constant")
    return values
