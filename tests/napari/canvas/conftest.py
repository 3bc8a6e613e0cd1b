"""A hand that sends events to a viewer without a window."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from napari.components import ViewerModel
from napari.utils.key_bindings import coerce_keybinding

from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.state.session import AnnotationSession


class Hand:
    """Sends events to a viewer as napari's canvas does: first the viewer's callbacks, then the active layer's."""

    def __init__(self, annotator, pump) -> None:
        self.annotator, self.viewer, self.pump = annotator, annotator.viewer, pump

    def drag(self, *path, modifiers=(), button=1):
        """Press at the first (row, column), in world units, move along the others, release at the last."""
        event = SimpleNamespace(
            button=button, modifiers=modifiers, dims_displayed=list(self.viewer.dims.displayed), handled=False
        )
        running = []
        for number, position in enumerate([*path, path[-1]]):
            event.type = ("mouse_press", *["mouse_move"] * (len(path) - 1), "mouse_release")[number]
            event.position, event.pos = (*self.viewer.dims.point[:-2], *position), (position[1], position[0])
            if number == 0:
                running = [self.annotator.mouse.on_drag(self.viewer, event)]
            running = [action for action in running if next(action, "over") != "over"]
        return event

    def click(self, position, *modifiers, wait=True):
        self.drag(position, modifiers=modifiers)
        if wait:
            self.pump.until(lambda: not self.annotator.session.waiting)

    def move(self, position):
        """Pass over a place without a button."""
        event = SimpleNamespace(
            position=(*self.viewer.dims.point[:-2], *position), dims_displayed=[0, 1], is_dragging=False
        )
        self.annotator.mouse.on_move(self.viewer, event)

    def wheel(self, turn, *modifiers):
        event = SimpleNamespace(modifiers=modifiers, delta=(0.0, turn), handled=False, native=None)
        self.annotator.mouse.on_wheel(self.viewer, event)
        return event

    def press(self, key, provider=None):
        provider = provider or self.viewer.layers.selection.active or self.viewer
        keymap = {coerce_keybinding(bound): action for bound, action in provider.keymap.items()}
        keymap[coerce_keybinding(key)](provider)


@pytest.fixture
def hand_of(pump) -> Callable[..., Hand]:
    return lambda annotator: Hand(annotator, pump)


@pytest.fixture
def viewer(scene) -> ViewerModel:
    viewer = ViewerModel()
    viewer.add_image(scene, name="scene")
    return viewer


@pytest.fixture
def annotate(ledger, worker):
    """Annotates the layers of a viewer, until the test ends."""
    opened = []

    def begin(viewer):
        opened.append(Annotator(viewer, AnnotationSession(ledger), worker))
        return opened[-1]

    yield begin
    for annotator in opened:
        annotator.close()


@pytest.fixture
def annotator(viewer, annotate, pump):
    return annotate(viewer)


@pytest.fixture
def hand(annotator, hand_of):
    return hand_of(annotator)
