"""Clicks, boxes, strokes and the wheel on napari's canvas; a drag without a key still pans."""

from collections.abc import Iterator
from typing import Any

from semsam_annotate.api import Point
from semsam_annotate.napari.canvas.geometry import pixel_at
from semsam_annotate.napari.state.hover import Hover
from semsam_annotate.napari.state.session import AnnotationSession

STROKES = frozenset({"Control", "Meta", "Alt"})
"""Keys with which a drag draws a stroke; Alt: one that does not belong."""

DRAG_PIXELS = 4.0
"""A press that moves further than this, in pixels of the screen, is a drag."""


class MouseActions:
    """Turns mouse events of a viewer into the session's methods.

    ``image``: the layer that clicks refer to. ``resting``: whether clicks mean something else now.
    """

    def __init__(self, session: AnnotationSession, hover: Hover) -> None:
        self._session, self._hover = session, hover
        self.image: Any = None
        self.resting = False

    def on_drag(self, viewer: Any, event: Any) -> Iterator[None]:
        """Callback of ``mouse_drag_callbacks``: a click points; Shift with a drag draws a box, Ctrl or Alt a stroke.

        The right button clicks away what does not belong; its drags are napari's.
        """
        if not self._points(viewer, event) or event.button not in (1, 2):
            return
        button, path, pressed_at = event.button, [self._pixel(event)], tuple(event.pos)
        modifiers, dragged = _names(event.modifiers), False
        draws = button == 1 and bool(modifiers & {"Shift", *STROKES})
        yield
        while event.type == "mouse_move":
            dragged = dragged or _distance(event.pos, pressed_at) > DRAG_PIXELS
            event.handled = event.handled or draws  # the camera must not move under a box or a stroke
            path.append(self._pixel(event))
            yield
        if not dragged:
            self._click(path[0], modifiers, negative=button == 2)
        elif draws:
            self._draw([*path, self._pixel(event)], modifiers)

    def on_move(self, viewer: Any, event: Any) -> None:
        """Callback of ``mouse_move_callbacks``: the mask under the pointer is looked for."""
        if self._points(viewer, event) and not event.is_dragging:
            self._hover.move(self._pixel(event))

    def on_wheel(self, _: Any, event: Any) -> None:
        """Callback of ``mouse_wheel_callbacks``: Shift+wheel moves along the ladder, up to larger masks."""
        if "Shift" not in _names(event.modifiers) or self.resting:
            return
        turned = sum(event.delta)  # some systems turn a wheel with Shift sideways
        if turned:
            self._session.move(1 if turned > 0 else -1)
        event.handled = True

    def _points(self, viewer: Any, event: Any) -> bool:
        """Whether the pointer points at the image: not while somebody draws in a layer, with a tool of napari's."""
        active = viewer.layers.selection.active
        tool = "pan_zoom" if active is None else str(active.mode)
        return self.image is not None and not self.resting and tool == "pan_zoom" and len(event.dims_displayed) == 2

    def _click(self, point: Point, modifiers: set[str], negative: bool) -> None:
        extend = bool(modifiers & {"Shift", "Control", "Meta"})
        pixel = (float(round(point[0])), float(round(point[1])))  # where the pointer was seen to pass, too
        self._session.click(pixel, positive=not (negative or "Alt" in modifiers), extend=extend)

    def _draw(self, path: list[Point], modifiers: set[str]) -> None:
        if "Shift" in modifiers:
            (x0, y0), (x1, y1) = path[0], path[-1]
            self._session.draw_box((x0 + 0.5, y0 + 0.5, x1 + 0.5, y1 + 0.5))
        else:
            self._session.draw_stroke(path, positive="Alt" not in modifiers)

    def _pixel(self, event: Any) -> Point:
        return pixel_at(self.image, event.position)


def _distance(first: Any, second: Any) -> float:
    return float(((first[0] - second[0]) ** 2 + (first[1] - second[1]) ** 2) ** 0.5)


def _names(modifiers: Any) -> set[str]:
    return {str(getattr(key, "name", key)) for key in modifiers}
