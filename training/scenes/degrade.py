"""What cameras and files do to a picture: blur, noise, compression, exposure."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter


def degrade(rng: np.random.Generator, picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(S, S, 3) float 0..255 to uint8; always softened a little, because photos have no staircase edges."""
    soft, grain, quality = rng.uniform(0.35, 0.75), rng.exponential(4.0), int(rng.integers(35, 95))
    strong, compressed, tone = rng.random(3)
    if strong < 0.1:
        soft += rng.uniform(0.5, 1.5)
    image = Image.fromarray(picture.astype(np.uint8)).filter(ImageFilter.GaussianBlur(soft * picture.shape[0] / 256))
    # Grain is mostly a matter of brightness: one draw for the three channels, in slightly different strengths.
    noise = rng.standard_normal(picture.shape[:2], np.float32)[..., None] * (min(grain, 14) * rng.uniform(0.6, 1.2, 3))
    noisy = np.asarray(image, np.float32) + noise.astype(np.float32)
    if tone < 0.3:
        noisy = (noisy - 127.5) * np.float32(rng.uniform(0.55, 1.2)) + np.float32(127.5 + rng.uniform(-25, 25))
    out = np.clip(noisy, 0, 255).astype(np.uint8)
    return _jpeg(out, quality) if compressed < 0.4 else out


def _jpeg(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))
