"""From what a napari layer holds to what an engine takes: (H, W, 3) uint8 RGB of the plane on screen."""

from typing import Any

import numpy as np

from semsam_annotate.annotations import MAX_PIXELS
from semsam_annotate.api import BadInput, RgbImage
from semsam_annotate.api.pixels import Limits, Pixels, to_rgb, value_range


def rgb_plane(data: Any, *, rgb: bool, plane: tuple[int, ...] = (), contrast_limits: Limits | None = None) -> RgbImage:
    """One plane of a layer as (H, W, 3) uint8 RGB.

    ``data``: array of shape (*leading, H, W) or, with ``rgb``, (*leading, H, W, 3 or 4). ``plane``: one index per
    leading axis. ``contrast_limits``: values shown black and white; the plane's own range when None; not used for
    uint8 RGB, which is taken as it is. Raises BadInput as ``read_plane`` does.
    """
    return rgb_pixels(read_plane(data, rgb=rgb, plane=plane), rgb=rgb, contrast_limits=contrast_limits)


def read_plane(data: Any, *, rgb: bool, plane: tuple[int, ...] = ()) -> Pixels:
    """(H, W) or, with ``rgb``, (H, W, 3 or 4) of a plane, as it is; of a lazy array nothing else is computed.

    Raises BadInput when the plane does not exist, is empty, or has more than ``MAX_PIXELS``.
    """
    axes = 3 if rgb else 2
    height, width = (int(side) for side in data.shape[data.ndim - axes :][:2])
    if 0 in data.shape:
        raise BadInput("this layer has no pixels")
    if height * width > MAX_PIXELS:  # before it is sliced: some arrays read all of it then
        raise BadInput(f"{width}x{height} is more than {MAX_PIXELS:,} pixels: zoom in, then Shift+F takes a tile of it")
    return np.asarray(_slice(data, plane, axes))


def rgb_pixels(pixels: Pixels, *, rgb: bool, contrast_limits: Limits | None = None) -> RgbImage:
    """What ``read_plane`` read as (H, W, 3) uint8 RGB; see ``rgb_plane``."""
    if rgb:
        return to_rgb(pixels, (0, 1, 2), limits=[_full_scale(pixels)] * 3)[0]
    return to_rgb(pixels, limits=[contrast_limits or value_range(pixels)])[0]


def _full_scale(colour: Pixels) -> Limits:
    """napari shows RGB without contrast limits: floats as 0..1, integers over their type."""
    return (0.0, float(np.iinfo(colour.dtype).max)) if colour.dtype.kind in "iu" else (0.0, 1.0)


def _slice(data: Any, plane: tuple[int, ...], axes: int) -> Any:
    leading = data.ndim - axes
    if leading != len(plane):
        raise BadInput(f"this layer needs {max(leading, 0)} plane indices, not {len(plane)}")
    for axis, index in enumerate(plane):
        if not 0 <= index < data.shape[axis]:
            raise BadInput(f"plane {index} is outside axis {axis} of length {data.shape[axis]}")
    return data[plane]
