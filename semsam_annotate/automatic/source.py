"""Large images read piece by piece as RGB."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from semsam_annotate.api import BadInput, RgbImage
from semsam_annotate.api.pixels import PERCENTILES, Conversion, conversion_of

SAMPLES, SAMPLE = 8, 128
"""Blocks along each side, and their side in pixels, from which the scaling of a large image is measured."""


class PixelSource(Protocol):
    """Anything of shape (H, W) or (H, W, C) that reads the pieces it is sliced for: numpy.memmap, zarr, dask, h5py."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W) or (H, W, C)."""
        ...

    @property
    def dtype(self) -> Any:
        """Type of the numbers."""
        ...

    def __getitem__(self, key: Any, /) -> Any:
        """The piece of two slices, as something that ``numpy.asarray`` takes."""
        ...


@dataclass(frozen=True)
class RgbSource:
    """A source with the one conversion that all its pieces go through."""

    source: PixelSource
    conversion: Conversion

    @classmethod
    def of(
        cls,
        source: PixelSource,
        channels: Sequence[int] | None = None,
        percentiles: tuple[float, float] = PERCENTILES,
    ) -> "RgbSource":
        """Measure the scaling on evenly spread blocks, all of the image if it is small (see ``conversion_of``)."""
        shape = tuple(source.shape)
        if len(shape) not in (2, 3) or 0 in shape:
            raise BadInput(f"an image is (height, width) or (height, width, channels), at least one pixel, not {shape}")
        return cls(source, conversion_of(_sample(source, shape[0], shape[1]), channels, percentiles))

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return int(self.source.shape[0]), int(self.source.shape[1])

    def read(self, top: int, left: int, bottom: int, right: int) -> RgbImage:
        """(bottom - top, right - left, 3) uint8."""
        return self.conversion.apply(np.asarray(self.source[top:bottom, left:right]))


def _sample(source: PixelSource, height: int, width: int) -> Any:
    if height * width <= (SAMPLES * SAMPLE) ** 2:
        return np.asarray(source[0:height, 0:width])
    if np.dtype(source.dtype) == np.uint8:  # nothing to measure
        return np.asarray(source[0:1, 0:1])
    rows = [
        np.concatenate([np.asarray(source[y : y + SAMPLE, x : x + SAMPLE]) for x in _starts(width)], axis=1)
        for y in _starts(height)
    ]
    return np.concatenate(rows, axis=0)


def _starts(length: int) -> list[int]:
    if length <= SAMPLES * SAMPLE:
        return list(range(0, length, SAMPLE))
    return [round(place) for place in np.linspace(0, length - SAMPLE, SAMPLES)]
