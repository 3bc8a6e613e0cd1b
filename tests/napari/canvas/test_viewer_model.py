"""The annotator on a viewer without Qt: clicks, keys and wheel as events, layers as what is shown."""

import numpy as np
from napari.components import ViewerModel
from napari.utils.key_bindings import coerce_keybinding
from PIL import Image as PillowImage

from semsam_annotate.napari.canvas.candidate_values import WIDER
from semsam_annotate.napari.canvas.keys import KEYS
from semsam_annotate.napari.canvas.layers import ACCEPTED, BOX, CANDIDATE, CLICKS, drawn_mask

PART, SQUARE = (60.0, 70.0), (35.0, 45.0)
"""(row, column) in the scene."""


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
    value = annotator.layers.accepted.features["index"][1]
    assert np.array_equal(np.asarray(annotator.layers.accepted.data) == value, drawn)


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


def test_modifiers_make_negative_and_further_clicks(annotator, hand, pump):
    hand.click(PART)
    hand.click(SQUARE, "Shift")
    hand.click(SQUARE, "Control")
    hand.click((5.0, 5.0), "Alt")
    hand.drag((6.0, 5.0), button=2)
    pump.until(lambda: not annotator.session.waiting)
    assert [click.positive for click in annotator.session.candidate.clicks] == [True, True, True, False, False]
    assert len(annotator.layers.clicks.data) == 5
    assert not np.array_equal(*annotator.layers.clicks.face_color[[0, 3]])
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


def test_a_drag_with_the_right_button_is_left_to_napari(annotator, hand):
    hand.click(PART)
    assert not hand.drag(PART, (90.0, 90.0), button=2).handled
    assert len(annotator.session.candidate.clicks) == 1


def test_every_key_is_bound_on_viewer_and_on_every_layer_and_gone_after_close(annotator, hand, viewer):
    before = dict(ViewerModel().keymap)
    added = viewer.add_labels(np.zeros((120, 160), int))
    wanted = {coerce_keybinding(key.key) for key in KEYS}
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
    annotator.exporting._writing.wait()
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
    annotator.exporting._writing.wait()
    annotator.exporting.poll()
    assert "nothing to export" in lines[-1]


def test_pixels_of_no_file_are_kept_in_the_project(annotator, hand, ledger, tmp_path, scene):
    hand.click(PART)
    record = ledger.record(annotator.session.accept().id)
    kept = np.asarray(PillowImage.open(tmp_path / "project" / record.image.path))
    assert np.array_equal(kept, scene)


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


def test_tab_looks_for_everything_and_goes_through_it(annotator, hand, pump, ledger):
    hand.press("Tab")
    pump.until(lambda: bool(annotator.review.items))
    shown = annotator.session.candidate.proposal
    assert np.array_equal(drawn_mask(annotator.layers.candidate), shown.mask)
    hand.press("Tab")
    assert annotator.session.candidate.proposal is not shown
    hand.press("Shift-Tab")
    assert annotator.session.candidate.proposal is shown
    hand.press("Enter")
    assert len(ledger.masks(annotator.session.picture)) == 1
    hand.press("Backspace")
    assert len(annotator.review.items) == 1
    hand.press("Escape")
    assert annotator.session.candidate.proposal is None


def test_a_click_ends_a_search(annotator, hand, link, pump):
    failures = []
    annotator.worker.failed.connect(lambda ticket, message: failures.append(message))
    hand.click(PART)
    link.engine.delay = 0.3
    hand.press("Tab")
    hand.click(PART)
    assert annotator.session.candidate.clicks
    assert failures == []
    link.engine.delay = 0.0
    hand.press("Escape")
    assert annotator.review.items == []


def test_the_mask_under_the_pointer_is_outlined_until_a_click(annotator, hand, pump):
    hand.click(PART)
    hand.press("Escape")
    hand.move(PART)
    pump.until(lambda: annotator.hover.proposal is not None)
    assert (np.asarray(annotator.layers.candidate.data) == WIDER).any()
    hand.move((500.0, 500.0))
    assert not np.asarray(annotator.layers.candidate.data).any()
    hand.move(PART)
    pump.until(lambda: annotator.hover.proposal is not None)
    hand.click(PART)
    assert annotator.hover.proposal is None
    assert np.array_equal(drawn_mask(annotator.layers.candidate), annotator.session.candidate.proposal.mask)
