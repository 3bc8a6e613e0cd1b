"""The labels layer that a mask is painted in, with napari's own brush, eraser, fill and polygon."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels

from semsam_annotate.napari.canvas.colours import ORANGE, candidate_colours
from semsam_annotate.napari.canvas.geometry import place, plane_placed
from semsam_annotate.napari.state.connections import Connections
from semsam_annotate.napari.state.touch_up import TouchUp

NAME = "touch up"
TOOLS = {"brush": "paint", "eraser": "erase", "fill": "fill", "polygon": "polygon"}
"""Tools and the modes of a labels layer."""
BRUSHES = (1, 200)
"""Smallest and largest brush, pixels of the image."""


class TouchLayer:
    """Shows a touch-up while it lasts; the layers and the active one are then as before."""

    def __init__(self, viewer: ViewerModel, touch: TouchUp, image: Callable[[], Image | None]) -> None:
        self._viewer, self._touch, self._image = viewer, touch, image
        self.layer: Labels | None = None
        self._connections = Connections([(touch.changed, self._follow)])
        viewer.layers.events.removed.connect(self._layer_left)

    def release(self) -> None:
        """Take the layer out and follow no more."""
        self._connections.release()
        self._viewer.layers.events.removed.disconnect(self._layer_left)
        self._remove()

    def follow(self, image: Image) -> None:
        """Lay the layer where an image layer lies now."""
        if self.layer is not None:
            place(self.layer, plane_placed(image))

    def use(self, tool: str) -> None:
        """Take one of ``TOOLS``."""
        if self.layer is not None:
            self.layer.mode = TOOLS[tool]
            self._viewer.layers.selection.active = self.layer

    def brush(self, size: float) -> None:
        """Diameter of brush and eraser in pixels of the image, held within ``BRUSHES``."""
        if self.layer is not None:
            self.layer.brush_size = min(max(size, BRUSHES[0]), BRUSHES[1])

    def widen(self, factor: float) -> None:
        """A brush that many times as wide, at least a pixel wider or narrower."""
        if self.layer is not None:
            size = float(self.layer.brush_size)
            step = max(abs(size * factor - size), 1.0)
            self.brush(size + step if factor > 1 else size - step)

    def undo(self) -> None:
        """Take back the last stroke."""
        if self.layer is not None:
            self.layer.undo()

    def redo(self) -> None:
        """Paint again the stroke taken back last."""
        if self.layer is not None:
            self.layer.redo()

    def _follow(self) -> None:
        if self._touch.active and self.layer is None:
            self._add()
        elif not self._touch.active:
            self._remove()

    def _add(self) -> None:
        image, pixels = self._image(), self._touch.pixels
        if image is None or pixels is None:
            return
        self.layer = Labels(
            pixels,
            name=NAME,
            opacity=0.6,
            colormap=candidate_colours({1: ORANGE}),
            **plane_placed(image),
        )
        self.layer.events.paint.connect(self._painted)
        self._viewer.add_layer(self.layer)
        self._viewer.layers.selection.active = self.layer
        self.layer.selected_label = 1
        self.layer.brush_size = float(np.clip(np.sqrt(pixels.sum()) / 8, 4, 40))
        self.layer.mode = TOOLS["brush"]

    def _painted(self, _: Any = None) -> None:
        if self.layer is not None:
            self._touch.painted(np.asarray(self.layer.data))

    def _remove(self) -> None:
        layer, self.layer = self.layer, None
        if layer is None:
            return
        layer.events.paint.disconnect(self._painted)
        layer.mode = "pan_zoom"  # or the brush stays drawn where it was
        with suppress(ValueError):  # a person took it out
            self._viewer.layers.remove(layer)
        image = self._image()
        if image is not None and image in self._viewer.layers:
            self._viewer.layers.selection.active = image

    def _layer_left(self, event: Any) -> None:
        if event.value is self.layer:
            self._touch.leave()
