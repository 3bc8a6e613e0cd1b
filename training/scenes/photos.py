"""Real backgrounds: photos without copyright that come with scikit-image.

Which ones, as its documentation states them: ``brick`` and ``gravel`` (CC0Textures, CC0), ``grass`` (linolafett, CC0),
``retina`` (M. Haggstrom, CC0), ``hubble_deep_field`` (NASA, public domain). Its other free photos are left out because
the demo, the tests and the benchmarks ask models about them (astronaut, coffee, chelsea, camera), or because they show
what the held-out family is about (rocket).
"""

from functools import cache

import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image

PHOTOS = ("brick", "gravel", "grass", "retina", "hubble_deep_field")
LONGEST = 640
"""Photos are kept at most this many pixels wide and high."""


def photo_background(rng: np.random.Generator, size: int) -> NDArray[np.float32]:
    """(size, size, 3) float32, 0..255: a random piece of a random photo, mirrored or turned, in a slight tint."""
    photo = _photo(PHOTOS[int(rng.integers(len(PHOTOS)))])
    height, width = photo.shape[:2]
    side = min(height, width) * float(np.exp(rng.uniform(np.log(0.3), 0)))
    left, top = rng.uniform(0, width - side), rng.uniform(0, height - side)
    box = (left, top, left + side, top + side)
    piece = np.asarray(Image.fromarray(photo).resize((size, size), Image.Resampling.BILINEAR, box=box), np.float32)
    turned = np.rot90(piece, int(rng.integers(4)))[:: int(rng.choice([-1, 1]))]
    return np.clip(turned * rng.uniform(0.7, 1.25, 3).astype(np.float32), 0, 255)


@cache
def _photo(name: str) -> NDArray[np.uint8]:
    """(H, W, 3) uint8, read once a process."""
    image = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
    image.thumbnail((LONGEST, LONGEST))
    return np.asarray(image)
