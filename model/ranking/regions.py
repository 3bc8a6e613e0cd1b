"""Regions of an image at several scales, from its colours alone (Felzenszwalb and Huttenlocher 2004).

They follow edges that a small network blurs, and hold what it never saw; beside its masks they are rungs of the ladder.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import Mask, RgbImage

SIGMA = 0.8
Labels: TypeAlias = NDArray[np.signedinteger[Any]]
"""Numbers of regions; few images have so many that they need 32 bits."""
MOST = np.iinfo(np.int16).max
COARSE = 250
"""From this scale on regions are found at half the size, where they cost a quarter and differ little."""


@dataclass(frozen=True)
class Regions:
    """Numbers of the region that each pixel of the network's input belongs to.

    ``labels`` (S, h, w), finest scale first, are rungs; masks follow the edges of ``fine`` (h, w).
    """

    labels: Labels
    fine: Labels

    @property
    def bytes(self) -> int:
        """Memory held."""
        return int(self.labels.nbytes + self.fine.nbytes)

    def under(self, clicks: Sequence[tuple[float, float, int]]) -> list[tuple[int, ...]]:
        """At each scale the regions under the positive clicks less those under a negative one, the first click's first.

        ``clicks``: x, y in 0..1 of the input, and 1 or 0; the first is positive, and its region always stays.
        """
        return [_under(scale, clicks) for scale in self.labels]

    def mask(self, scale: int, numbers: Sequence[int]) -> Mask:
        """(h, w) bool: some regions of a scale."""
        return _among(self.labels[scale], numbers)

    def sketch(self, numbers: Sequence[Sequence[int]], stride: int) -> NDArray[np.bool_]:
        """(S, ceil(h / stride), ceil(w / stride)) bool: regions of each scale, one pixel of every square looked at."""
        looked = [np.minimum(np.arange(stride // 2, side + stride // 2, stride), side - 1) for side in self.fine.shape]
        few = self.labels[:, looked[0][:, None], looked[1]]
        return np.array([_among(one, some) for one, some in zip(few, numbers, strict=True)], bool).reshape(few.shape)


def find_regions(image: RgbImage, scales: Iterable[tuple[int, int]], fine: tuple[int, int]) -> Regions:
    """Regions of (h, w, 3) uint8 RGB at every (scale, smallest region in pixels)."""
    found = [_find(image, scale, smallest) for scale, smallest in scales]
    labels: Labels = np.stack(found) if found else np.zeros((0, *image.shape[:2]), np.int16)
    return Regions(labels, _find(image, *fine))


def _find(image: RgbImage, scale: int, smallest: int) -> Labels:
    from skimage.segmentation import felzenszwalb  # half a second that a model without regions need not wait for

    halved = scale >= COARSE and min(image.shape[:2]) >= 2
    step = 2 if halved else 1
    small = np.ascontiguousarray(image[::step, ::step])
    share = step * step
    labels = felzenszwalb(small, scale / share, SIGMA, max(1, smallest // share), channel_axis=-1)
    high, wide = image.shape[:2]
    full = np.repeat(np.repeat(labels, step, 0), step, 1)[:high, :wide]
    found: Labels = full.astype(np.int16 if labels.max() <= MOST else np.int32)
    return found


def _under(labels: Labels, clicks: Sequence[tuple[float, float, int]]) -> tuple[int, ...]:
    height, width = labels.shape
    numbers = [
        int(labels[min(max(int(y * height), 0), height - 1), min(max(int(x * width), 0), width - 1)])
        for x, y, _ in clicks
    ]
    refused = {number for number, click in zip(numbers, clicks, strict=True) if not click[2]} - {numbers[0]}
    wanted = [number for number, click in zip(numbers, clicks, strict=True) if click[2] and number not in refused]
    return tuple(dict.fromkeys(wanted))


def _among(labels: Labels, numbers: Sequence[int]) -> Mask:
    found: Mask = labels == numbers[0]
    for number in numbers[1:]:
        found |= labels == number
    return found
