"""Layers that were in the viewer before are the same afterwards, whatever is done beside them."""

import pickle

import numpy as np
import pytest
from napari.components import ViewerModel
from PIL import Image as PillowImage

from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.canvas.effects import Effects
from semsam_annotate.napari.canvas.picture_source import FILE_KEY
from semsam_annotate.napari.state.effect_choice import VERBS, EffectChoice
from semsam_annotate.napari.state.session import AnnotationSession

PART, SQUARE = (60.0, 70.0), (35.0, 45.0)
"""(row, column) in the scene."""
PLACED = {"scale": (2.0, 0.5), "translate": (7.0, -3.0), "rotate": 12.0, "units": ("um", "um")}


@pytest.fixture
def viewer(scene) -> ViewerModel:
    """A viewer that somebody has worked in: every kind of layer, placed, named, coloured and bound to keys."""
    viewer, labels = ViewerModel(), np.zeros((120, 160), np.int32)
    labels[5:20, 5:20], labels[100:110, 120:150] = 3, 7
    table = {"index": [0, 3, 7], "object": ["", "bus", "car"], "part": ["", "", "wheel"], "mine": [0.0, 1.5, 2.5]}
    viewer.add_image(scene[..., 1] * 257.0, name="depth", colormap="viridis", contrast_limits=(9, 60_000), **PLACED)
    viewer.add_image(scene, name="scene", metadata={"mine": {"a": [1]}}, opacity=0.8)
    viewer.add_labels(labels, name="drawn", features=table, metadata={"by": "hand"})
    viewer.add_labels(labels[::2] * 2, name="candidate", visible=False, blending="opaque")
    viewer.add_points([[3.0, 4.0], [50.0, 60.0]], name="clicks", size=[3, 9], features={"kind": ["a", "b"]}, **PLACED)
    viewer.add_shapes([[[1, 1], [9, 30]]], shape_type="rectangle", name="box and strokes", edge_color="red")
    viewer.add_tracks([[1, 0, 2.0, 3.0], [1, 1, 4.0, 5.0]], name="tracks")
    viewer.layers["drawn"].selected_label = 7
    viewer.layers["drawn"].bind_key("Shift-T", _own_key)
    viewer.bind_key("w", _own_key)
    viewer.layers.selection.active = viewer.layers["scene"]
    return viewer


def _own_key(_: object) -> None:
    raise AssertionError("a key of somebody else's was pressed")


def state(layer) -> bytes:
    """Everything that napari would save of a layer, its mode and keys, as bytes."""
    data, facts, kind = layer.as_layer_data_tuple()
    facts.pop("features", None)
    features = {name: list(column) for name, column in layer.features.items()} if hasattr(layer, "features") else {}
    keys = sorted((str(key), action.__qualname__) for key, action in layer.keymap.items())
    rest = {name: str(value) for name, value in facts.items() if name != "metadata"}
    arrays = [np.asarray(part).tobytes() for part in (data if isinstance(data, list) else [data])]
    return pickle.dumps((arrays, rest, repr(facts["metadata"]), kind, features, str(layer.mode), keys))


class Person:
    """Does everything there is once."""

    def __init__(self, annotator, hand, pump) -> None:
        self.annotator, self.hand, self.pump = annotator, hand, pump
        self.viewer, self.session = annotator.viewer, annotator.session

    def press(self, *names) -> None:
        for name in names:
            self.annotator.actions[name]()
            self.pump.until(lambda: not self.session.waiting)

    def work(self) -> None:
        self.hand.click(PART)
        self.press("larger", "smaller", "accept")
        self.hand.click(SQUARE)
        self.hand.drag((30, 40), (80, 90), modifiers=("Shift",))
        self.hand.drag((30, 40), (80, 90), modifiers=("Control",))
        self.hand.drag((5, 5), modifiers=("Alt",))
        self.pump.until(lambda: not self.session.waiting)
        self.press("touch up")
        self.annotator.touch_layer.layer.paint([20, 20], 1)
        self.press("accept", "accept")
        self.take()
        self.annotator.editing.select([self.session.accepted[0].id])
        self.annotator.editing.rename(self.session.accepted[0].id, "van", "")
        self.viewer.cursor.position = PART
        self.press("undo", "redo", "select", "delete", "hover", "tile", "export", "carry", "carry stop", "propose")
        self.pump.until(lambda: bool(self.annotator.review.items))
        self.press("accept", "reject")
        self.effects()

    def take(self) -> None:
        """The labels of the layer that somebody drew, all and then one."""
        self.viewer.layers.selection.active = self.viewer.layers["drawn"]
        before = len(self.session.accepted)
        self.press("take", "paste", "accept")
        assert len(self.session.accepted) == before + 3
        assert {"bus", "wheel"} <= {name for mask in self.session.accepted for name in (mask.object, mask.part)}
        self.viewer.layers.selection.active = self.viewer.layers["scene"]

    def effects(self) -> None:
        self.hand.click(PART)
        effects = Effects(self.annotator, self.pump)
        for kind in VERBS:
            effects.start(EffectChoice(kind))
            self.pump.until(lambda: not effects.busy)
        for _ in VERBS:
            effects.take_away()
        effects.release()


def test_other_layers_keep_all_that_they_are(viewer, ledger, worker, pump, hand_of):
    before, order, callbacks = {layer: state(layer) for layer in viewer.layers}, list(viewer.layers), _callbacks(viewer)
    annotator = Annotator(viewer, AnnotationSession(ledger), worker)
    Person(annotator, hand_of(annotator), pump).work()
    assert [layer for layer in viewer.layers if layer in before] == order
    annotator.close()
    assert list(viewer.layers) == order
    for layer in order:
        assert state(layer) == before[layer], layer.name
    assert _callbacks(viewer) == callbacks
    assert viewer.layers.selection.active is viewer.layers["scene"]


def test_the_list_of_files_shows_them_in_a_layer_of_its_own(viewer, ledger, worker, tmp_path, scene):
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        PillowImage.fromarray(np.ascontiguousarray(scene[number:])).save(path)
    for path in paths[:2]:  # as a reader opens them, with masks over it
        viewer.add_image(np.asarray(PillowImage.open(path)), name=path.stem, metadata={FILE_KEY: str(path)})
    before, order = {layer: state(layer) for layer in viewer.layers}, list(viewer.layers)
    annotator = Annotator(viewer, AnnotationSession(ledger), worker)
    annotator.open_files(paths)
    annotator.turn(1)
    own = annotator.image
    annotator.turn(1)
    assert annotator.image is own
    assert annotator.session.picture.path == paths[2]
    own.data = scene[::-1].copy()  # somebody works on it: it is theirs now
    annotator.turn_to(0)
    assert annotator.image is not own
    assert np.array_equal(own.data, scene[::-1])
    annotator.close()
    assert list(viewer.layers)[: len(order)] == order
    for layer in order:
        assert state(layer) == before[layer], layer.name


def _callbacks(viewer: ViewerModel) -> tuple:
    mouse = (viewer.mouse_drag_callbacks, viewer.mouse_wheel_callbacks, viewer.mouse_move_callbacks)
    keys = sorted((str(key), action.__qualname__) for key, action in viewer.keymap.items())
    return [list(callbacks) for callbacks in (*mouse, viewer.mouse_double_click_callbacks)], keys
