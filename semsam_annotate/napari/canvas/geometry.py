"""Between napari's world, (row, column) in the layer's own units, and pixels of the image, (x right, y down)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import Point


def plane_of(layer: Any, world_point: Sequence[float]) -> tuple[int, ...]:
    """Indices of the leading axes (z, t, …) of an image layer at a point of the world, clipped to the layer.

    ``world_point``: one coordinate per viewer axis, as ``viewer.dims.point``; a layer with fewer axes uses the last.
    """
    coordinates = np.asarray(layer.world_to_data(world_point), dtype=float)
    shape = image_shape(layer)
    leading = coordinates[: len(shape) - 2]
    return tuple(int(np.clip(round(value), 0, size - 1)) for value, size in zip(leading, shape, strict=False))


def pixel_at(layer: Any, world_point: Sequence[float]) -> Point:
    """(x, y) of a point of the world in the layer's pixels: scale, translation, rotation and shear undone."""
    row, column = np.asarray(layer.world_to_data(world_point), dtype=float)[-2:]
    return float(column), float(row)


def inside(layer: Any, point: Point) -> bool:
    """Whether (x, y) lies on the layer's pixels; pixel (i, j) reaches half a pixel around its centre."""
    height, width = image_shape(layer)[-2:]
    return -0.5 <= point[0] < width - 0.5 and -0.5 <= point[1] < height - 0.5


def image_shape(layer: Any) -> tuple[int, ...]:
    """Shape of an image or labels layer without a colour axis: (*leading, height, width)."""
    data = layer.data[0] if layer.multiscale else layer.data
    shape = tuple(int(size) for size in data.shape)
    return shape[:-1] if getattr(layer, "rgb", False) else shape


def plane_transform(layer: Any) -> dict[str, NDArray[Any]]:
    """``affine`` of a two-axis layer that lies exactly on the displayed plane of ``layer``; for ``add_labels``.

    One (3, 3) matrix holds the scale, rotation, shear, translation and affine of the last two axes.
    """
    whole = np.asarray(layer.affine.affine_matrix) @ np.asarray(_own_matrix(layer))
    affine = np.eye(3)
    affine[:2, :2], affine[:2, 2] = whole[-3:-1, -3:-1], whole[-3:-1, -1]
    return {"affine": affine}


def placed_on(layer: Any, plane: Sequence[int], corner: tuple[int, int] = (0, 0)) -> dict[str, Any]:
    """What places a layer with as many axes exactly on pixels of ``layer``; for ``Image(…)``.

    ``plane``: indices of the leading axes, along which the new layer is one pixel long. ``corner``: (row, column) on
    which its first pixel lies.
    """
    first = np.array([*plane, *corner, 1], dtype=float)
    same = ("scale", "rotate", "shear", "affine", "units", "axis_labels")
    return {"translate": (_own_matrix(layer) @ first)[:-1], **{name: getattr(layer, name) for name in same}}


def to_rows_columns(points: Sequence[Point]) -> NDArray[np.float64]:
    """(x, y) points as napari's (N, 2) array of (row, column)."""
    return np.array([(y, x) for x, y in points], dtype=float).reshape(-1, 2)


def _own_matrix(layer: Any) -> NDArray[Any]:
    from napari.utils.transforms import Affine

    return np.asarray(
        Affine(
            scale=layer.scale, translate=layer.translate, rotate=layer.rotate, shear=layer.shear, ndim=layer.ndim
        ).affine_matrix
    )
