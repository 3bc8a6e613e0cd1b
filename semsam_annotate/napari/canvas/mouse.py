"""Clicks, boxes and the wheel on napari's canvas; a drag without Shift still pans."""

from collections.abc import Iterator
from typing import Any

from semsam_annotate.api import Point
from semsam_annotate.napari.canvas.geometry import pixel_at
from semsam_annotate.napari.state.session import AnnotationSession

DRAG_PIXELS = 4.0
"""A press that moves further than this, in pixels of the screen, is a drag."""


class MouseActions:
    """Turns mouse events of a viewer into the session's methods. ``image`` is the layer that clicks refer to."""

    def __init__(self, session: AnnotationSession) -> None:
        self._session = session
        self.image: Any = None

    def on_drag(self, _: Any, event: Any) -> Iterator[None]:
        """Callback of ``mouse_drag_callbacks``: a click points, Shift with a drag draws a box."""
        if self.image is None or event.button != 1 or len(event.dims_displayed) != 2:
            return
        start, pressed_at, modifiers = self._pixel(event), tuple(event.pos), _names(event.modifiers)
        dragged = False
        yield
        while event.type == "mouse_move":
            dragged = dragged or _distance(event.pos, pressed_at) > DRAG_PIXELS
            if "Shift" in modifiers:
                event.handled = True  # the camera must not move under the box
            yield
        if not dragged:
            self._click(start, modifiers)
        elif "Shift" in modifiers:
            end = self._pixel(event)
            self._session.draw_box((start[0] + 0.5, start[1] + 0.5, end[0] + 0.5, end[1] + 0.5))

    def on_wheel(self, _: Any, event: Any) -> None:
        """Callback of ``mouse_wheel_callbacks``: Shift+wheel moves along the ladder, up to larger masks."""
        if "Shift" not in _names(event.modifiers):
            return
        turned = sum(event.delta)  # some systems turn a wheel with Shift sideways
        if turned:
            self._session.move(1 if turned > 0 else -1)
        event.handled = True

    def _click(self, point: Point, modifiers: set[str]) -> None:
        negative = bool(modifiers & {"Alt", "Control", "Meta"})
        self._session.click(point, positive=not negative, extend="Shift" in modifiers)

    def _pixel(self, event: Any) -> Point:
        return pixel_at(self.image, event.position)


def _distance(first: Any, second: Any) -> float:
    return float(((first[0] - second[0]) ** 2 + (first[1] - second[1]) ** 2) ** 0.5)


def _names(modifiers: Any) -> set[str]:
    return {str(getattr(key, "name", key)) for key in modifiers}
