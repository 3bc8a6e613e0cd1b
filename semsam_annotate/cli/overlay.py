"""A picture of an image with named masks over it."""

import colorsys
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from semsam_annotate.api import Mask, RgbImage


def draw(image: RgbImage, named: Sequence[tuple[str, Mask]]) -> bytes:
    """PNG of ``tinted``."""
    file = io.BytesIO()
    tinted(image, named).save(file, "PNG")
    return file.getvalue()


def tinted(image: RgbImage, named: Sequence[tuple[str, Mask]]) -> Image.Image:
    """An (H, W, 3) image with every mask tinted and named, large ones below."""
    order = sorted(named, key=lambda pair: -int(pair[1].sum()))
    pixels = image.astype(np.float32)
    for number, (_, mask) in enumerate(order):
        pixels[mask] = 0.5 * pixels[mask] + 0.5 * np.array(tint(number), np.float32)
    picture = Image.fromarray(pixels.round().astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(max(10, min(image.shape[:2]) // 30))
    for name, mask in order:
        pen.text(_middle(mask), name, "white", font, "mm", stroke_width=2, stroke_fill="black")
    return picture


def tint(number: int) -> tuple[float, float, float]:
    """A colour for each number, neighbours far apart: steps of the golden ratio around the colour wheel."""
    red, green, blue = colorsys.hsv_to_rgb(number * 0.61803398875 % 1.0, 0.75, 1.0)
    return 255 * red, 255 * green, 255 * blue


def _middle(mask: Mask) -> tuple[float, float]:
    """The pixel (x, y) of a mask nearest to its centre of mass."""
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return 0.0, 0.0
    nearest = int(np.hypot(rows - rows.mean(), columns - columns.mean()).argmin())
    return float(columns[nearest]), float(rows[nearest])
