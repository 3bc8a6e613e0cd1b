"""The annotator on a viewer without Qt: clicks, keys and wheel as events, layers as what is shown."""

import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils.key_bindings import coerce_keybinding
from PIL import Image as PillowImage

from semsam_annotate.api import BadInput
from semsam_annotate.napari.annotator import Annotator
from semsam_annotate.napari.keys import KEYS
from semsam_annotate.napari.layers import ACCEPTED, BOX, CANDIDATE, CLICKS, WIDER, drawn_mask
from semsam_annotate.napari.session import AnnotationSession

PART, SQUARE = (60.0, 70.0), (35.0, 45.0)
"""(row, column) in the scene."""


@pytest.fixture
def viewer(scene) -> ViewerModel:
    viewer = ViewerModel()
    viewer.add_image(scene, name="scene")
    return viewer


@pytest.fixture
def annotator(viewer, ledger, worker, pump):
    annotator = Annotator(viewer, AnnotationSession(ledger), worker)
    yield annotator
    annotator.close()


class Hand:
    """Sends events to a viewer as napari's canvas does: first the viewer's callbacks, then the active layer's."""

    def __init__(self, annotator: Annotator, pump) -> None:
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

    def wheel(self, turn, *modifiers):
        event = SimpleNamespace(modifiers=modifiers, delta=(0.0, turn), handled=False, native=None)
        self.annotator.mouse.on_wheel(self.viewer, event)
        return event

    def press(self, key, provider=None):
        provider = provider or self.viewer.layers.selection.active or self.viewer
        keymap = {coerce_keybinding(bound): action for bound, action in provider.keymap.items()}
        keymap[coerce_keybinding(key)](provider)


@pytest.fixture
def hand(annotator, pump) -> Hand:
    return Hand(annotator, pump)


def test_a_click_draws_the_mask_that_is_accepted(annotator, hand, ledger):
    hand.click(PART)
    hand.press("[")
    session, drawn = annotator.session, drawn_mask(annotator.layers.candidate)
    assert np.array_equal(drawn, session.candidate.proposal.mask)
    assert (np.asarray(annotator.layers.candidate.data) == WIDER).any()
    assert annotator.layers.clicks.data.tolist() == [list(PART)]
    hand.press("Enter")
    assert np.array_equal(ledger.masks(session.picture)[0].mask, drawn)
    assert not np.asarray(annotator.layers.candidate.data).any()
    assert np.array_equal(np.asarray(annotator.layers.accepted.data) == 1, drawn)


def test_wheel_and_brackets_move_along_the_ladder_and_the_drawing_follows(annotator, hand):
    hand.click(PART)
    start = annotator.session.candidate.rung
    assert hand.wheel(1.0, "Shift").handled
    assert annotator.session.candidate.rung == start + 1
    hand.press("[")
    hand.press("[")
    hand.press("]")
    assert annotator.session.candidate.rung == start
    assert np.array_equal(drawn_mask(annotator.layers.candidate), annotator.session.candidate.proposal.mask)
    assert not hand.wheel(1.0).handled
    assert annotator.session.candidate.rung == start


def test_modifiers_make_negative_and_further_clicks(annotator, hand):
    hand.click(PART)
    hand.click(SQUARE, "Shift")
    for key in ("Alt", "Control"):
        hand.click((5.0, 5.0), key)
    assert [click.positive for click in annotator.session.candidate.clicks] == [True, True, False, False]
    assert len(annotator.layers.clicks.data) == 4
    assert not np.array_equal(*annotator.layers.clicks.face_color[[0, 2]])
    hand.click(PART)
    assert len(annotator.session.candidate.clicks) == 1


def test_a_drag_pans_and_a_drag_with_shift_is_a_box(annotator, hand, pump):
    assert not hand.drag(PART, (80.0, 90.0)).handled
    assert annotator.session.candidate.empty
    hand.drag(PART, (60.0, 72.0), modifiers=())
    pump.until(lambda: not annotator.session.waiting)
    assert len(annotator.session.candidate.clicks) == 1
    hand.press("Escape")
    assert hand.drag((30.0, 40.0), (50.0, 60.0), (89.0, 99.0), modifiers=("Shift",)).handled
    pump.until(lambda: not annotator.session.waiting)
    assert annotator.session.candidate.box == (40.5, 30.5, 99.5, 89.5)
    assert len(annotator.layers.box.data) == 1
    hand.press("Escape")
    assert not annotator.layers.box.data


def test_the_right_button_is_left_to_napari(annotator, hand):
    hand.drag(PART, button=2)
    assert annotator.session.candidate.empty


def test_in_3d_the_person_is_told_to_go_back(ledger, worker, pump, scene):
    viewer = ViewerModel()
    viewer.add_image(np.stack([scene[..., 0]] * 3))
    annotator, lines = Annotator(viewer, AnnotationSession(ledger), worker), []
    annotator.session.told.connect(lines.append)
    viewer.dims.ndisplay = 3
    assert annotator.session.picture is None
    assert "switch to 2D" in lines[-1]
    viewer.dims.ndisplay = 2
    assert annotator.session.picture is not None
    annotator.close()


def test_every_key_is_bound_on_viewer_and_on_every_layer_and_gone_after_close(annotator, hand, viewer):
    before = dict(ViewerModel().keymap)
    added = viewer.add_labels(np.zeros((120, 160), int))
    wanted = {coerce_keybinding(key) for key in KEYS}
    for provider in (viewer, *viewer.layers):
        assert wanted <= {coerce_keybinding(key) for key in provider.keymap}
    annotator.close()
    assert dict(viewer.keymap) == before
    assert not added.keymap
    assert [layer.name for layer in viewer.layers] == ["scene", added.name]
    assert annotator.mouse.on_drag not in viewer.mouse_drag_callbacks
    assert len(viewer.mouse_double_click_callbacks) == 1


def test_undo_and_export_keys(annotator, hand, ledger, tmp_path):
    hand.click(SQUARE)
    hand.press("Enter")
    hand.press("Control-E", annotator.layers.accepted)
    assert (tmp_path / "project" / "coco.json").exists()
    hand.press("Control-Z", annotator.layers.accepted)
    assert ledger.masks(annotator.session.picture) == []
    hand.press("Control-Shift-Z")
    assert len(ledger.masks(annotator.session.picture)) == 1
    annotator.viewer.cursor.position = SQUARE
    hand.press("Delete")
    assert ledger.masks(annotator.session.picture) == []


def test_exporting_nothing_is_one_line(annotator, hand):
    lines = []
    annotator.session.told.connect(lines.append)
    hand.press("Control-E")
    assert "nothing to export" in lines[-1]


def test_layer_transforms_are_respected(ledger, worker, pump, scene):
    viewer = ViewerModel()
    image = viewer.add_image(scene, scale=(0.5, 2.0), translate=(100, -30), rotate=20)
    annotator = Annotator(viewer, AnnotationSession(ledger), worker)
    hand = Hand(annotator, pump)
    hand.click(tuple(image.data_to_world(PART)))
    assert annotator.session.candidate.clicks[0].point == pytest.approx((70.0, 60.0))
    drawn = annotator.layers.candidate
    assert drawn.data_to_world((3, 7)) == pytest.approx(image.data_to_world((3, 7)))
    annotator.close()


def test_masks_belong_to_the_plane_on_screen(ledger, worker, pump, scene):
    viewer = ViewerModel()
    viewer.add_image(np.stack([scene[..., 0], scene[::-1, :, 0] // 2 + 9, scene[:, ::-1, 0]]).astype(np.uint16) * 20)
    viewer.dims.set_current_step(0, 1)
    annotator = Annotator(viewer, AnnotationSession(ledger), worker)
    hand = Hand(annotator, pump)
    hand.click(PART)
    mask = annotator.session.accept()
    assert ledger.record(mask.id).plane == (1,)
    viewer.dims.set_current_step(0, 2)
    assert annotator.session.picture.plane == (2,)
    assert annotator.session.accepted == []
    viewer.dims.set_current_step(0, 1)
    assert [other.id for other in annotator.session.accepted] == [mask.id]
    annotator.close()


def test_contrast_limits_change_what_the_engine_sees_but_not_the_pictures_name(ledger, worker, pump, scene):
    viewer = ViewerModel()
    image = viewer.add_image(scene[..., 0].astype(np.uint16) * 7)
    annotator = Annotator(viewer, AnnotationSession(ledger), worker)
    hand = Hand(annotator, pump)
    hand.click(PART)
    before = annotator.session.picture
    image.contrast_limits = (900, 1300)
    hand.click(PART)
    after = annotator.session.picture
    assert before.sha256 == after.sha256
    assert before.key != after.key
    assert not np.array_equal(before.rgb, after.rgb)
    annotator.close()


def test_pixels_of_no_file_are_kept_in_the_project(annotator, hand, ledger, tmp_path, scene):
    hand.click(PART)
    record = ledger.record(annotator.session.accept().id)
    kept = np.asarray(PillowImage.open(tmp_path / "project" / record.image.path))
    assert np.array_equal(kept, scene)


def test_a_list_of_files_is_gone_through_one_by_one(ledger, worker, pump, scene, tmp_path):
    files = [tmp_path / f"{name}.png" for name in "abc"]
    for number, path in enumerate(files):
        PillowImage.fromarray(np.roll(scene, 9 * number, axis=1)).save(path)
    files.append(tmp_path / "broken.png")
    files[-1].write_bytes(b"no image")
    annotator = Annotator(ViewerModel(), AnnotationSession(ledger), worker)
    lines, hand = [], Hand(annotator, pump)
    annotator.session.told.connect(lines.append)
    annotator.open_files(files)
    hand.click(PART)
    mask = annotator.session.accept()
    assert Path(ledger.record(mask.id).image.path).name == "a.png"
    hand.press("PageDown")
    assert (annotator.session.picture.name, annotator.session.accepted) == ("b", [])
    hand.press("PageUp")
    hand.press("PageUp")
    assert "no more images" in lines[-1]
    assert [other.id for other in annotator.session.accepted] == [mask.id]
    for _ in range(3):
        hand.press("PageDown")
    assert "not an image" in lines[-1] or "damaged" in lines[-1]
    assert annotator.session.picture.name == "c"
    with pytest.raises(BadInput, match="no such"):
        annotator.open_files([tmp_path / "missing.png"])
    annotator.close()


def test_removing_and_adding_images_keeps_up(annotator, hand, viewer, scene):
    viewer.layers.remove("scene")
    assert annotator.session.picture is None
    hand.click(PART, wait=False)
    assert annotator.session.candidate.empty
    viewer.add_image(scene[::2, ::2], name="small")
    assert annotator.session.picture.size == (60, 80)
    assert {CANDIDATE, ACCEPTED, CLICKS, BOX} <= {layer.name for layer in viewer.layers}
    viewer.layers.remove(CANDIDATE)
    hand.click((30.0, 35.0))
    assert annotator.session.candidate.ladder is not None


def test_an_engine_that_dies_loses_no_work(annotator, hand, ledger, link):
    hand.click(PART)
    hand.press("Enter")
    link.kill()
    hand.click(SQUARE)
    hand.press("Enter")
    assert len(ledger.masks(annotator.session.picture)) == 2
    annotator.cancel()
    hand.click(SQUARE)
    assert annotator.session.candidate.ladder is not None


def random_event(rng: random.Random, annotator: Annotator, hand: Hand):
    viewer, here = annotator.viewer, (rng.uniform(-20, 140), rng.uniform(-20, 180))
    return rng.choice(
        [
            lambda: hand.drag(here, modifiers=rng.choice([(), ("Shift",), ("Alt",), ("Control",)])),
            lambda: hand.drag(here, (here[1], here[0]), modifiers=rng.choice([(), ("Shift",)])),
            lambda: hand.wheel(rng.choice([-1.0, 1.0]), "Shift"),
            lambda: hand.press(rng.choice(list(KEYS)), rng.choice([viewer, *viewer.layers])),
            lambda: hand.pump.until(lambda: not annotator.session.waiting),
            lambda: setattr(viewer.cursor, "position", here),
            lambda: setattr(viewer.layers.selection, "active", rng.choice(list(viewer.layers))),
        ]
    )


@pytest.mark.parametrize("count", [300, pytest.param(3000, marks=pytest.mark.stress)])
def test_any_order_of_events_raises_nothing(annotator, hand, ledger, pump, count):
    rng = random.Random(11)
    for _ in range(count):
        random_event(rng, annotator, hand)()
    pump.until(lambda: not annotator.session.waiting)
    assert annotator.session.accepted == ledger.masks(annotator.session.picture)
