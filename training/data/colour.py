"""Random colour and sharpness of an image, masks untouched."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
GREY, BLUR = 0.07, 0.15
"""Share of images made grey, and of images blurred."""


def jitter(image: NDArray[np.uint8], rng: np.random.Generator, strength: float = 1.0) -> NDArray[np.uint8]:
    """Random brightness, contrast, saturation, slight hue; sometimes grey, sometimes blurred. (H, W, 3) uint8 RGB.

    ``strength`` scales how far each goes, and how often grey and blur occur. One product of matrices does all four;
    torchvision's four functions, of which that for hue takes most, need four times as long.
    """
    brightness, contrast, saturation = np.exp(rng.uniform(-0.3, 0.3, 3) * strength).astype(np.float32)
    angle = rng.uniform(-0.25, 0.25) * strength
    grey, blurred, radius = rng.random(3)
    turn = colour_matrix(0.0 if grey < GREY * strength else float(saturation), float(angle)) * (brightness * contrast)
    middle = 127.5 * brightness * (1 - contrast)
    changed = image.reshape(-1, 3).astype(np.float32) @ turn.T + np.float32(middle)
    out: NDArray[np.uint8] = np.clip(changed, 0, 255, out=changed).astype(np.uint8).reshape(image.shape)
    if blurred < BLUR * strength:
        out = np.asarray(Image.fromarray(out).filter(ImageFilter.GaussianBlur(0.4 + 1.0 * float(radius))))
    return out


def colour_matrix(saturation: float, hue: float) -> NDArray[np.float32]:
    """3 x 3 matrix that scales the distance from grey and turns it by ``hue`` radians; a grey stays as it is."""
    cos, sin = np.cos(hue), np.sin(hue) / np.sqrt(3)
    around = np.full((3, 3), (1 - cos) / 3) + cos * np.eye(3)
    around += sin * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    to_grey = np.tile(_LUMA, (3, 1))
    matrix = (saturation * np.eye(3) + (1 - saturation) * to_grey) @ around
    return np.asarray(matrix, np.float32)
