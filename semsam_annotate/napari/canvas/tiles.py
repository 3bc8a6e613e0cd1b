"""A part of a large image, in full detail, as a layer of its own that can be annotated like any image."""

from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image

from semsam_annotate.api import BadInput
from semsam_annotate.napari.canvas.geometry import placed_on
from semsam_annotate.napari.canvas.levels import in_full, level_data, level_shape
from semsam_annotate.napari.canvas.picture_source import shown_plane
from semsam_annotate.napari.canvas.view import camera_of

SIDE = 2048
"""Of a tile, pixels."""
STEP = SIDE // 2
"""From tile to tile: they overlap, so that whatever is in the middle of the screen lies well inside one of them."""

TILE_KEY = "semsam_tile_of"
"""Key of ``layer.metadata``: ``unique_id`` of the large layer, and index of its axes where the tile begins."""


def open_tile(viewer: ViewerModel, image: Image) -> Image:
    """The tile in the middle of the screen of ``image``, or of what ``image`` is a tile of, as the active layer.

    Tiles lie on a fixed grid, so the same place gives the same pixels, and with them its masks. Only the tile is read.
    Raises BadInput for an image that is annotated in full detail anyway.
    """
    large = _source(viewer, image)
    if in_full(large):
        raise BadInput("this image is annotated in full detail as it is: tiles are for larger ones")
    begin = _begin(viewer, large)
    key = (large.unique_id, begin)
    tile = next((layer for layer in viewer.layers if layer.metadata.get(TILE_KEY) == key), None)
    if not isinstance(tile, Image):
        tile = _cut(large, begin)
        viewer.layers.insert(viewer.layers.index(large) + 1, tile)
    viewer.layers.selection.active = tile
    return tile


def _source(viewer: ViewerModel, image: Image) -> Image:
    """What an image is a tile of, as long as that is there, else itself."""
    known = image.metadata.get(TILE_KEY, (None,))[0]
    found = next((layer for layer in viewer.layers if layer.unique_id == known), image)
    return found if isinstance(found, Image) else image


def _begin(viewer: ViewerModel, large: Image) -> tuple[int, ...]:
    """Where the tile whose middle is nearest to that of the screen begins: plane, row, column of the finest level."""
    plane = shown_plane(large, viewer)
    middle = (*viewer.dims.point[:-2], *camera_of(viewer).center[-2:])
    place = np.asarray(large.world_to_data(middle), dtype=float)[-2:]
    size = level_shape(large, 0)[-2:]
    corner = (round((at - SIDE / 2) / STEP) * STEP for at in place)
    return (*plane, *(max(min(first, side - SIDE), 0) for first, side in zip(corner, size, strict=True)))


def _cut(large: Image, begin: tuple[int, ...]) -> Image:
    *plane, row, column = begin
    pixels = np.asarray(level_data(large, 0)[(*plane, slice(row, row + SIDE), slice(column, column + SIDE))])
    return Image(
        pixels.reshape((1,) * len(plane) + pixels.shape),
        rgb=large.rgb,
        name=f"{large.name} {column},{row}",
        metadata={TILE_KEY: (large.unique_id, begin)},
        **_look(large),
        **placed_on(large, plane, (row, column), level=0),
    )


def _look(large: Image) -> dict[str, Any]:
    same = ("interpolation2d",) if large.rgb else ("interpolation2d", "colormap", "contrast_limits", "gamma")
    return {name: getattr(large, name) for name in same}
