"""Where the camera looks."""

from typing import Any

import numpy as np
from napari.components import ViewerModel

from semsam_annotate.napari.canvas.geometry import world_at
from semsam_annotate.napari.state.accepted import AcceptedMask

SHARE = 0.5
"""Share of the canvas that a mask fills after a jump."""


def camera_of(viewer: ViewerModel) -> Any:
    """The camera: of the scene from napari 0.9 on, before that of the viewer, where 0.9 warns of it."""
    scene = getattr(viewer, "scene", None)
    return viewer.camera if scene is None else scene.camera


def look_at(viewer: ViewerModel, image: Any, mask: AcceptedMask, canvas: tuple[float, float] = (600.0, 600.0)) -> None:
    """Centre a mask of an image layer, as large as half of the canvas (height, width in screen pixels)."""
    (rows, columns), _ = mask.cut_out
    corners = [(columns.start - 0.5, rows.start - 0.5), (columns.stop - 0.5, rows.stop - 0.5)]
    leading = tuple(np.asarray(image.world_to_data(viewer.dims.point[-image.ndim :]))[:-2])
    first, last = (world_at(image, corner, leading)[-2:] for corner in corners)
    camera = camera_of(viewer)
    camera.center = tuple((first + last) / 2)
    extent = max(*np.abs(last - first), 1e-9)
    camera.zoom = SHARE * min(canvas) / float(extent)


def view_of(viewer: ViewerModel) -> tuple[float, ...]:
    """Centre (row, column) of the camera, and its zoom."""
    camera = camera_of(viewer)
    return (*(float(value) for value in camera.center[-2:]), float(camera.zoom))


def set_view(viewer: ViewerModel, view: tuple[float, ...]) -> None:
    """Back to a view; anything that is none changes nothing."""
    if len(view) == 3 and all(isinstance(value, int | float) for value in view) and view[2] > 0:
        camera = camera_of(viewer)
        camera.center, camera.zoom = view[:2], view[2]
