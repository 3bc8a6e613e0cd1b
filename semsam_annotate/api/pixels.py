"""From pixels of any type and number of channels to the (H, W, 3) uint8 that engines take, and a record of how.

One rule for every room: choose channels, scale each between two of its values, lay three side by side as red, green and
blue or mix them. Positions that are no number: NaN is black, +inf is the upper end, -inf the lower; they never count
for the scaling.
"""

import colorsys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api.engine import RgbImage
from semsam_annotate.api.errors import BadInput

Pixels = NDArray[Any]
Limits = tuple[float, float]
PERCENTILES = (0.35, 99.65)
"""Of the finite values of a channel that become black and full; ImageJ's "enhance contrast" uses the same share."""


@dataclass(frozen=True)
class Conversion:
    """What was done to the pixels; ``apply`` does the same to other pixels of the image, such as its next tile.

    ``dtype``: of the source. ``channels``: indices of the source's channels that were used, in order. ``limits``: per
    channel the values that became 0 and 255. ``percentiles``: where the limits came from, None when they were given or
    nothing was scaled. ``mixing``: per channel its share (red, green, blue). ``not_finite``: NaN and infinite values
    among those that were looked at.
    """

    dtype: str
    channels: tuple[int, ...]
    limits: tuple[Limits, ...]
    percentiles: tuple[float, float] | None
    mixing: tuple[tuple[float, float, float], ...]
    not_finite: int = 0

    @property
    def is_identity(self) -> bool:
        """Whether RGB of 8 bits goes through as it is."""
        return self.dtype == "uint8" and self.limits == ((0.0, 255.0),) * 3 and self.mixing == _mixing(3)

    def apply(self, array: Pixels) -> RgbImage:
        """(H, W) or (H, W, C) of the source's kind to (H, W, 3) uint8."""
        layers = _layers(array)
        if max(self.channels) >= layers.shape[2]:
            raise BadInput(f"channel {max(self.channels)} was asked for, the image has {layers.shape[2]}")
        if self.is_identity:
            return np.ascontiguousarray(layers[..., list(self.channels)])
        if self.mixing == _mixing(1):
            grey = to_uint8(layers[..., self.channels[0]], self.limits[0])
            return np.ascontiguousarray(np.repeat(grey[..., None], 3, axis=2))
        return self._mixed(layers)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    def _mixed(self, layers: Pixels) -> RgbImage:
        out = np.zeros((*layers.shape[:2], 3), np.float32)
        for channel, limits, shares in zip(self.channels, self.limits, self.mixing, strict=True):
            scaled = shares_of(layers[..., channel], limits)
            for colour, share in enumerate(shares):
                if share:
                    out[..., colour] += share * scaled
        return np.asarray((np.clip(out, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8))


def to_rgb(
    array: Pixels,
    channels: Sequence[int] | None = None,
    percentiles: tuple[float, float] = PERCENTILES,
    limits: Sequence[Limits] | None = None,
) -> tuple[RgbImage, Conversion]:
    """(H, W) or (H, W, C) of any numbers as (H, W, 3) uint8, and what was done; see ``conversion_of``."""
    conversion = conversion_of(array, channels, percentiles, limits)
    return conversion.apply(array), conversion


def conversion_of(
    sample: Pixels,
    channels: Sequence[int] | None = None,
    percentiles: tuple[float, float] = PERCENTILES,
    limits: Sequence[Limits] | None = None,
) -> Conversion:
    """How pixels like ``sample`` (H, W) or (H, W, C) become RGB.

    ``channels``: which, in order; left out: the one, the first three of three or four (the fourth of RGBA is left
    out), all of any other number. One becomes grey, three red, green and blue; any other number is mixed, each channel
    in a colour of its own, evenly around the colour circle. ``limits``: (black, full) of each channel used; left out:
    8 bits stay as they are, anything else is scaled between two ``percentiles`` of the channel's finite values.
    Raises BadInput for what is no image, for channels it does not have, and when a channel has no finite value.
    """
    layers, ends = _layers(sample), _pair(percentiles)
    chosen = _chosen(layers.shape[2], channels)
    values = [layers[..., channel] for channel in chosen]
    scaled = limits is None and layers.dtype != np.uint8
    found = [
        _limits(channel, value, ends) if scaled else (0.0, 255.0) for channel, value in zip(chosen, values, strict=True)
    ]
    used = tuple(found if limits is None else _given(limits, len(chosen)))
    strange = sum(int((~np.isfinite(value)).sum()) for value in values) if layers.dtype.kind == "f" else 0
    return Conversion(str(layers.dtype), chosen, used, ends if scaled else None, _mixing(len(chosen)), strange)


def value_range(data: Pixels) -> Limits:
    """Lowest and highest finite value; (0, 1) when there is none."""
    finite = data[np.isfinite(data)] if data.dtype.kind == "f" else data
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)


def to_uint8(values: Pixels, limits: Limits) -> NDArray[np.uint8]:
    """Values between two limits as 0..255, rounded; what lies outside is cut, NaN is 0."""
    if values.dtype == np.uint8 and limits == (0.0, 255.0):
        return np.ascontiguousarray(values)
    return np.asarray((shares_of(values, limits) * 255.0 + 0.5).astype(np.uint8))


def shares_of(values: Pixels, limits: Limits) -> NDArray[np.float32]:
    """Values between two limits as float32 0..1, cut outside them, NaN as 0."""
    low, high = float(limits[0]), float(limits[1])
    spread = high - low if high > low else 1.0
    wide: Pixels = values.astype(np.float64 if values.dtype.itemsize > 2 else np.float32)
    shares = np.nan_to_num((wide - low) / spread, nan=0.0, posinf=1.0, neginf=0.0)
    return np.asarray(np.clip(shares, 0.0, 1.0), dtype=np.float32)


def _layers(array: Pixels) -> Pixels:
    """(H, W, C) view; BadInput for anything but one image of numbers."""
    values = np.asarray(array)
    if values.ndim not in (2, 3) or values.dtype.kind not in "buif":
        raise BadInput(
            f"an image is (height, width) or (height, width, channels) of numbers, not {values.dtype} {values.shape}"
        )
    if 0 in values.shape:
        raise BadInput(f"an image has at least one pixel and one channel, this one has shape {values.shape}")
    return values[..., None] if values.ndim == 2 else values


def _chosen(count: int, channels: Sequence[int] | None) -> tuple[int, ...]:
    if channels is None:
        return tuple(range(3 if count == 4 else count))
    chosen = tuple(int(channel) for channel in channels)
    wrong = [channel for channel in chosen if not 0 <= channel < count]
    if wrong or not chosen:
        raise BadInput(f"the image has the channels 0 to {count - 1}, not {wrong[0] if wrong else 'none at all'}")
    return chosen


def _limits(channel: int, values: Pixels, percentiles: tuple[float, float]) -> Limits:
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if not finite.size:
        raise BadInput(f"channel {channel} of the image holds no finite value, only NaN or infinity")
    if finite.dtype == bool:
        return 0.0, 1.0
    first, last = np.percentile(finite, percentiles)
    return float(first), float(last)


def _pair(percentiles: tuple[float, float]) -> tuple[float, float]:
    low, high = (float(value) for value in percentiles)
    if not 0 <= low < high <= 100:
        raise BadInput(f"percentiles are two numbers 0 <= low < high <= 100, not {low:g} and {high:g}")
    return low, high


def _given(limits: Sequence[Limits], count: int) -> list[Limits]:
    pairs = [(float(low), float(high)) for low, high in limits]
    if len(pairs) != count:
        raise BadInput(f"limits are needed for each of the {count} channels used, there are {len(pairs)}")
    return pairs


def _mixing(count: int) -> tuple[tuple[float, float, float], ...]:
    """Grey of one, red, green and blue of three, else hues around the circle, scaled so that no colour overflows."""
    if count == 1:
        return ((1.0, 1.0, 1.0),)
    if count == 3:
        return ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    hues = np.array([colorsys.hsv_to_rgb(1 / 3 + index / count, 1.0, 1.0) for index in range(count)])
    rows = np.round(hues / np.maximum(hues.sum(0), 1.0), 6)
    return tuple((float(red), float(green), float(blue)) for red, green, blue in rows)
