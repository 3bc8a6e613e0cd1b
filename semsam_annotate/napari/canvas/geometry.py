"""Between napari's world, (row, column) in the layer's own units, and pixels annotated, (x right, y down)."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import BadInput, Point
from semsam_annotate.napari.canvas.levels import level_matrix, level_shape


def plane_of(layer: Any, world_point: Sequence[float]) -> tuple[int, ...]:
    """Indices of the leading axes (z, t, …) of a layer, at its finest level, at a point of the world.

    ``world_point``: one coordinate per viewer axis, as ``viewer.dims.point``; a layer with fewer axes uses the last.
    BadInput where the layer has no plane.
    """
    coordinates = np.asarray(layer.world_to_data(world_point), dtype=float)
    sizes = level_shape(layer, 0)[:-2]
    plane = tuple(round(float(value)) for value in coordinates[: len(sizes)])
    if not all(0 <= index < size for index, size in zip(plane, sizes, strict=True)):
        raise BadInput(f"{layer.name} has no plane here: move the slider to one of its {math.prod(sizes)}")
    return plane


def pixel_at(layer: Any, world_point: Sequence[float]) -> Point:
    """(x, y) of a point of the world in pixels of the layer: scale, translation, rotation and shear undone."""
    fine = np.asarray(layer.world_to_data(world_point), dtype=float)[-2:]
    row, column, _ = np.linalg.inv(level_matrix(layer)) @ (*fine, 1.0)
    return float(column), float(row)


def world_at(layer: Any, point: Point, leading: Sequence[float]) -> NDArray[np.float64]:
    """The point of the world of (x, y) in pixels of the layer; ``leading``: its other coordinates in the layer."""
    fine = level_matrix(layer) @ (point[1], point[0], 1.0)
    return np.asarray(layer.data_to_world((*leading, *fine[:2])), dtype=float)


def lies_on(layer: Any, image: Any, level: int) -> bool:
    """Whether pixels of a layer's level, as large as what is annotated of ``image``, lie on those with the same index.

    They may be off by less than half a pixel.
    """
    own, other = (plane_transform(of, level)["affine"] for of, level in ((layer, level), (image, None)))
    height, width = level_shape(layer, level)[-2:]
    corners = np.array([(0, 0, 1), (0, width - 1, 1), (height - 1, 0, 1), (height - 1, width - 1, 1)], dtype=float).T
    return bool(np.abs(np.linalg.solve(other, own @ corners) - corners).max() < 0.5)


def plane_transform(layer: Any, level: int | None = None) -> dict[str, NDArray[Any]]:
    """``affine`` of a two-axis layer whose pixels lie exactly on those of the displayed plane of ``layer``.

    ``level``: of a pyramid whose pixels these are, by default the one annotated.
    One (3, 3) matrix holds the scale, rotation, shear, translation and affine of the last two axes.
    """
    whole = np.asarray(layer.affine.affine_matrix) @ np.asarray(_own_matrix(layer))
    affine = np.eye(3)
    affine[:2, :2], affine[:2, 2] = whole[-3:-1, -3:-1], whole[-3:-1, -1]
    return {"affine": affine @ level_matrix(layer, level)}


def plane_placed(layer: Any) -> dict[str, Any]:
    """``plane_transform`` with the units: what places a new layer of two axes on the displayed plane of ``layer``."""
    return {**plane_transform(layer), "units": layer.units[-2:]}


def place(layer: Any, placed: dict[str, Any]) -> None:
    """Give a layer what ``plane_placed`` says; only what differs, since napari draws it anew whatever it is told."""
    if not np.array_equal(layer.affine.affine_matrix, placed["affine"]):
        layer.affine = placed["affine"]
    if layer.units != placed["units"]:
        layer.units = placed["units"]


def placed_on(
    layer: Any, plane: Sequence[int], corner: tuple[int, int] = (0, 0), level: int | None = None
) -> dict[str, Any]:
    """What places a layer with as many axes exactly on pixels of ``layer``; for ``Image(…)``.

    ``plane``: indices of the leading axes, along which the new layer is one pixel long. ``corner``: (row, column) on
    which its first pixel lies. ``level``: of the pyramid whose pixels these are, by default the one annotated.
    """
    matrix = level_matrix(layer, level)
    first = np.array([*plane, *(matrix @ (*corner, 1))], dtype=float)
    scale = np.array([*layer.scale[:-2], *(layer.scale[-2:] * np.diag(matrix)[:2])])
    same = {name: getattr(layer, name) for name in ("rotate", "shear", "affine", "units", "axis_labels")}
    return {"translate": (_own_matrix(layer) @ first)[:-1], "scale": scale, **same}


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
