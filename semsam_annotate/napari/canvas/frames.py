"""The frame after, or before, the one on screen: the next plane of a stack, else the next file of the list."""

from collections.abc import Callable

from napari.components import ViewerModel
from napari.layers import Image

from semsam_annotate.api import BadInput
from semsam_annotate.napari.canvas.geometry import plane_of
from semsam_annotate.napari.canvas.levels import level_shape


class Frames:
    """Shows other frames. ``image``: the layer being annotated; ``turn``: opens a file that many places further."""

    def __init__(self, viewer: ViewerModel, image: Callable[[], Image | None], turn: Callable[[int], object]) -> None:
        self._viewer, self._image, self._turn = viewer, image, turn

    def step(self, way: int) -> bool:
        """Show the next frame (1) or the one before (-1); False when there is none."""
        image = self._image()
        if image is None:
            return False
        axis = self._axis(image)
        return self._next_file(way) if axis is None else self._next_plane(image, axis, way)

    def _axis(self, image: Image) -> int | None:
        """Of the viewer: the slider used last if the image has planes along it, else its innermost one."""
        shape = level_shape(image, 0)
        first = self._viewer.dims.ndim - len(shape)
        axes = [first + place for place, size in enumerate(shape[:-2]) if size > 1]
        if not axes:
            return None
        used = int(self._viewer.dims.last_used)
        return used if used in axes else axes[-1]

    def _next_plane(self, image: Image, axis: int, way: int) -> bool:
        """Steps of the slider may be finer than the planes of this image, and go beyond them."""
        dims = self._viewer.dims
        before = plane_of(image, dims.point)
        steps = range(dims.current_step[axis] + way, dims.nsteps[axis] if way > 0 else -1, way)
        step = next((step for step in steps if self._plane_at(image, axis, step) != before), None)
        if step is None or self._plane_at(image, axis, step) is None:
            return False
        dims.set_current_step(axis, step)
        return True

    def _plane_at(self, image: Image, axis: int, step: int) -> tuple[int, ...] | None:
        """The plane of an image at a step of the slider; None where it has none."""
        point, span = list(self._viewer.dims.point), self._viewer.dims.range[axis]
        point[axis] = span.start + step * span.step
        try:
            return plane_of(image, point)
        except BadInput:
            return None

    def _next_file(self, way: int) -> bool:
        try:
            self._turn(way)
        except BadInput:  # the list ends here, or there is none
            return False
        return True
