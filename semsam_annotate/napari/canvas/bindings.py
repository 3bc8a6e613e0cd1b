"""Everything the plugin hangs into a viewer, in one place, so that all of it can be taken out again."""

from collections.abc import Callable
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image

from semsam_annotate.napari.canvas.key_bindings import Actions, KeyBindings
from semsam_annotate.napari.canvas.mouse import MouseActions


class ViewerBindings:
    """Mouse callbacks, keys on the viewer and on every layer, and the events of layers and dims."""

    def __init__(
        self,
        viewer: ViewerModel,
        mouse: MouseActions,
        actions: Actions,
        owns: Callable[[Any], bool],
        on_layers: Callable[[], None],
        on_dims: Callable[[], None],
    ) -> None:
        self._viewer, self._mouse, self.keys = viewer, mouse, KeyBindings(actions)
        self._owns, self._on_layers, self._on_dims = owns, on_layers, on_dims
        self._zooming = [action for action in viewer.mouse_double_click_callbacks if _zooms(action)]
        for action in self._zooming:  # two quick clicks are two clicks, not a zoom
            viewer.mouse_double_click_callbacks.remove(action)
        viewer.mouse_drag_callbacks.append(mouse.on_drag)
        viewer.mouse_wheel_callbacks.append(mouse.on_wheel)
        viewer.mouse_move_callbacks.append(mouse.on_move)
        self._connect()
        self.keys.bind(viewer, characters=True)
        for layer in viewer.layers:
            self._bind(layer)

    def release(self) -> None:
        """Take everything out."""
        events = self._viewer.layers.events
        self._viewer.layers.selection.events.active.disconnect(self._layers_changed)
        events.inserted.disconnect(self._layer_came)
        events.removed.disconnect(self._layer_left)
        for event in self._dims_events():
            event.disconnect(self._dims_changed)
        self._viewer.mouse_drag_callbacks.remove(self._mouse.on_drag)
        self._viewer.mouse_wheel_callbacks.remove(self._mouse.on_wheel)
        self._viewer.mouse_move_callbacks.remove(self._mouse.on_move)
        self._viewer.mouse_double_click_callbacks.extend(self._zooming)
        self.keys.unbind_all()

    def _connect(self) -> None:
        events = self._viewer.layers.events
        self._viewer.layers.selection.events.active.connect(self._layers_changed)
        events.inserted.connect(self._layer_came)
        events.removed.connect(self._layer_left)
        for event in self._dims_events():
            event.connect(self._dims_changed)

    def _bind(self, layer: Any) -> None:
        self.keys.bind(layer, characters=isinstance(layer, Image) or self._owns(layer))

    def _dims_events(self) -> list[Any]:
        events = self._viewer.dims.events
        return [events.current_step, events.ndisplay, events.order]

    def _layers_changed(self, event: Any = None) -> None:
        self._on_layers()

    def _layer_came(self, event: Any) -> None:
        self._bind(event.value)
        self._on_layers()

    def _layer_left(self, event: Any) -> None:
        self.keys.forget(event.value)
        self._on_layers()

    def _dims_changed(self, event: Any = None) -> None:
        self._on_dims()


def _zooms(action: Any) -> bool:
    return getattr(action, "__name__", "") == "double_click_to_zoom"
