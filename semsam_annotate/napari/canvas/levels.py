"""Which level of a pyramid is annotated, and how its pixels lie on those of the finest one.

A layer's own coordinates are pixels of the finest level. napari draws a coarser one so that the outer edges agree: with
``f`` fine pixels a coarse one, its pixel j covers the fine ones from j f - 0.5 to (j + 1) f - 0.5.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.annotations import MAX_PIXELS

LEVEL_PIXELS = 4096 * 4096
"""A level of a pyramid with more pixels a plane is left for a coarser one: masks of it would not be there at once."""


def level_of(layer: Any) -> int:
    """The finest level with at most ``LEVEL_PIXELS`` a plane, else the coarsest one; 0 for a layer without levels."""
    if not layer.multiscale:
        return 0
    found = (level for level in levels(layer) if _pixels(level_shape(layer, level)) <= LEVEL_PIXELS)
    return next(found, len(layer.data) - 1)


def levels(layer: Any) -> range:
    """Every level, the finest first."""
    return range(len(layer.data) if layer.multiscale else 1)


def level_data(layer: Any, level: int | None = None) -> Any:
    """The array of a level, by default the one annotated: (*leading, H, W) or, of colours, (*leading, H, W, 3 or 4)."""
    if not layer.multiscale:
        return layer.data
    return layer.data[level_of(layer) if level is None else level]


def level_shape(layer: Any, level: int | None = None) -> tuple[int, ...]:
    """(*leading, height, width) of a level of an image or labels layer, by default of the one annotated."""
    shape = tuple(int(size) for size in level_data(layer, level).shape)
    return shape[:-1] if getattr(layer, "rgb", False) else shape


def level_size(layer: Any) -> tuple[int, int]:
    """(height, width) of the level annotated."""
    height, width = level_shape(layer)[-2:]
    return height, width


def too_large(layer: Any) -> bool:
    """Whether a plane of the level annotated has more than ``MAX_PIXELS``, so that it is not read."""
    return _pixels(level_shape(layer)) > MAX_PIXELS


def in_full(layer: Any) -> bool:
    """Whether what is annotated is the finest level, as a whole."""
    return level_of(layer) == 0 and not too_large(layer)


def level_note(layer: Any) -> str:
    """What a person should know of a layer that is not annotated in full."""
    (height, width), (full_height, full_width) = level_size(layer), level_shape(layer, 0)[-2:]
    return (
        f"annotated at {width}x{height} of {full_width}x{full_height} pixels; "
        "zoom in, then Shift+F takes a tile in full detail"
    )


def level_plane(layer: Any, plane: tuple[int, ...], level: int | None = None) -> tuple[int, ...]:
    """Indices of leading axes of the finest level as those of a level, as napari rounds them."""
    sizes = level_shape(layer, level)
    ratios = zip(plane, level_shape(layer, 0), sizes, strict=False)
    return tuple(min(round(index * size / full), size - 1) for index, full, size in ratios)


def level_matrix(layer: Any, level: int | None = None) -> NDArray[np.float64]:
    """(3, 3): from (row, column, 1) in a level, by default the one annotated, to those in the finest level."""
    full, size = (np.array(level_shape(layer, of)[-2:], float) for of in (0, level))
    matrix = np.diag([*(full / size), 1.0])
    matrix[:2, 2] = (full / size - 1) / 2
    return matrix


def _pixels(shape: tuple[int, ...]) -> int:
    return shape[-2] * shape[-1]
