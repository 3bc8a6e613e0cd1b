"""Pixels as a lossless file, for a network."""

import io

from PIL import Image

from semsam_annotate.api import RgbImage


def png_bytes(image: RgbImage) -> bytes:
    """(H, W, 3) uint8 RGB as PNG; lightly compressed, since the encoder waits for it."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
