"""How alike two images are: re-encoded, resized, brightened or slightly cropped ones are near-duplicates.

A small grey thumbnail stands for an image. A hash of its lowest frequencies (a perceptual hash, DCT signs) finds
candidates, and what decides is the correlation of the thumbnails' details under the best of a few small crops. On 2,017
photos of the field the hash alone takes 57 pairs for alike at 10 bits, mostly leaves on one background. The details of
all of its pairs but one correlate below 0.87 (that one is 0.928), those of 150 photos with 10 changed copies each above
0.92 but for one of 1,500; a copy that lost a tenth of one side is found 6 times of 150. It takes 4 s.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semsam_annotate.api import RgbImage

SIDE = 48
"""Pixels of a thumbnail's side; proportions are not kept, as they are not by crops."""
DUPLICATE, FRAME = 0.92, 0.7
"""Correlation of details from which two images are near-duplicates; two frames that follow each other."""
BITS = 20
"""Of 63, in which the hashes of a candidate may differ."""
_VIEW, _LOW, _CHUNK, _CROP = 24, 8, 1024, 0.05
_CROPS = [*product((0.0, _CROP), repeat=4), (_CROP / 2,) * 4]
"""Shares cut off left, top, right, bottom."""

Thumbnail: TypeAlias = NDArray[np.uint8]
"""(48, 48) uint8 grey."""


class Alike(NamedTuple):
    """Places of two images in the list that was given, and how alike they are, 0..1."""

    first: int
    second: int
    likeness: float


def thumbnail(rgb: RgbImage) -> Thumbnail:
    """Of (H, W, 3) uint8 pixels."""
    small = Image.fromarray(rgb).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small, np.uint8)


def alike(thumbnails: Sequence[Thumbnail], least: float = FRAME) -> list[Alike]:
    """Every pair with a likeness of at least ``least``, of those whose hashes are near."""
    views = lru_cache(maxsize=2048)(lambda place: _views(thumbnails[place]))
    found = (Alike(i, j, _likeness(views(i), views(j))) for i, j in _candidates(thumbnails))
    return [pair for pair in found if pair.likeness >= least]


def _candidates(thumbnails: Sequence[Thumbnail]) -> Iterator[tuple[int, int]]:
    """Pairs whose hashes differ in few bits, block by block."""
    if not len(thumbnails):
        return
    signs = _hashes(np.stack(thumbnails))
    for start in range(0, len(signs), _CHUNK):
        block = signs[start : start + _CHUNK]
        differing = (signs.shape[1] - block @ signs[start:].T) / 2
        for i, j in zip(*np.nonzero(differing <= BITS), strict=True):
            if i < j:
                yield start + int(i), start + int(j)


def _hashes(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N, 63) of -1 and 1: whether a low frequency is above the median of all of them."""
    k = np.arange(SIDE)
    waves = np.cos(np.pi * (2 * k[None] + 1) * k[:_LOW, None] / (2 * SIDE))
    low = np.einsum("ki,nij,lj->nkl", waves, thumbnails.astype(float), waves, optimize=True)
    low = low.reshape(len(low), -1)[:, 1:]
    return np.where(low > np.median(low, axis=1, keepdims=True), 1, -1).astype(np.float32)


def _views(picture: Thumbnail) -> NDArray[np.float32]:
    """(17, 24 * 24) details of the whole picture first, then of its crops, each of length 1."""
    whole = Image.fromarray(picture)
    boxes = [(l * SIDE, t * SIDE, (1 - r) * SIDE, (1 - b) * SIDE) for l, t, r, b in _CROPS]  # noqa: E741
    return np.stack([_details(whole.resize((_VIEW, _VIEW), Image.Resampling.BILINEAR, box=box)) for box in boxes])


def _details(view: Image.Image) -> NDArray[np.float32]:
    """What differs from the surrounding 7 x 7 pixels, flat; zeros for a picture of one colour."""
    pixels = np.asarray(view, np.float32)
    padded = np.pad(pixels, 3, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, (7, 7)).mean(axis=(2, 3))
    details = (pixels - around).ravel()
    return np.asarray(details / max(float(np.linalg.norm(details)), 1.0), np.float32)


def _likeness(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """The best correlation of either whole with the other's crops."""
    return float(max((a @ b[0]).max(), (b @ a[0]).max()))
