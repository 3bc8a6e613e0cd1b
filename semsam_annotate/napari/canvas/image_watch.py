"""Listens to the image layer that is annotated."""

from collections.abc import Callable, Sequence
from typing import Any

from napari.layers import Image

PLACING = ("scale", "translate", "rotate", "shear", "affine", "units")
"""Events of a layer that lies elsewhere, as after napari's transform tool."""


class ImageWatch:
    """Calls ``changed`` when the layer has other pixels, and ``moved`` when it lies elsewhere, until ``follow(None)``.

    ``lay``: lays on the layer what belongs there, before ``moved``.
    """

    def __init__(
        self, changed: Callable[[], None], moved: Callable[[], None], lay: Sequence[Callable[[Image], None]]
    ) -> None:
        self._changed, self._moved, self._lay = changed, moved, lay
        self._image: Image | None = None

    def follow(self, image: Image | None) -> None:
        """Listen to this layer only."""
        if image is self._image:
            return
        if self._image is not None:
            self._image.events.data.disconnect(self._tell_changed)
            for name in PLACING:
                getattr(self._image.events, name).disconnect(self._tell_moved)
        self._image = image
        if image is not None:
            image.events.data.connect(self._tell_changed)
            for name in PLACING:
                getattr(image.events, name).connect(self._tell_moved)

    def _tell_changed(self, _: Any = None) -> None:
        self._changed()

    def _tell_moved(self, _: Any = None) -> None:
        if self._image is not None:
            for lay in self._lay:
                lay(self._image)
            self._moved()
