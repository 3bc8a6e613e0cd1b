"""From what a napari layer holds to what an engine takes: (H, W, 3) uint8 RGB of the plane on screen."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import BadInput, RgbImage

Pixels = NDArray[Any]
ContrastLimits = tuple[float, float]


def rgb_plane(
    data: Any, *, rgb: bool, plane: tuple[int, ...] = (), contrast_limits: ContrastLimits | None = None
) -> RgbImage:
    """One plane of a layer as (H, W, 3) uint8 RGB.

    ``data``: array of shape (*leading, H, W) or, with ``rgb``, (*leading, H, W, 3 or 4). ``plane``: one index per
    leading axis. ``contrast_limits``: values shown black and white; the plane's own range when None; not used for
    uint8 RGB, which is taken as it is. Raises BadInput when the plane does not exist or is empty.
    """
    sliced = np.asarray(_slice(data, plane, axes=3 if rgb else 2))
    if 0 in sliced.shape:
        raise BadInput("this layer has no pixels")
    if rgb:
        return _colour(sliced)
    grey = _to_uint8(sliced, contrast_limits or value_range(sliced))
    return np.ascontiguousarray(np.repeat(grey[:, :, None], 3, axis=2))


def value_range(data: Pixels) -> ContrastLimits:
    """Lowest and highest finite value; (0, 1) when there is none."""
    finite = data[np.isfinite(data)] if data.dtype.kind == "f" else data
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)


def _slice(data: Any, plane: tuple[int, ...], axes: int) -> Any:
    leading = data.ndim - axes
    if leading != len(plane):
        raise BadInput(f"this layer needs {max(leading, 0)} plane indices, not {len(plane)}")
    for axis, index in enumerate(plane):
        if not 0 <= index < data.shape[axis]:
            raise BadInput(f"plane {index} is outside axis {axis} of length {data.shape[axis]}")
    return data[plane]


def _colour(pixels: Pixels) -> RgbImage:
    """Colour as stored: napari shows RGB without contrast limits, floats as 0..1, 16 bits as 0..65535."""
    colour = pixels[..., :3]
    if colour.dtype == np.uint8:
        return np.ascontiguousarray(colour)
    if colour.dtype.kind == "f":
        return _to_uint8(colour, (0.0, 1.0))
    return _to_uint8(colour, (0.0, float(np.iinfo(colour.dtype).max) if colour.dtype.kind in "iu" else 1.0))


def _to_uint8(values: Pixels, limits: ContrastLimits) -> NDArray[np.uint8]:
    low, high = (float(limit) for limit in limits)
    if values.dtype == np.uint8 and (low, high) == (0.0, 255.0):
        return np.ascontiguousarray(values)
    spread = high - low if high > low else 1.0
    shares = np.nan_to_num((values.astype(np.float32) - low) / spread, nan=0.0, posinf=1.0, neginf=0.0)
    scaled: NDArray[np.uint8] = (np.clip(shares, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    return scaled
