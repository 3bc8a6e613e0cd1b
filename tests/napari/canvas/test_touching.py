"""Touching up with napari's own tools on a viewer without a window."""

import numpy as np

from semsam_annotate.napari.canvas.touching import NAME

PART = (60.0, 70.0)
"""(row, column) in the scene."""


def names(annotator):
    return [layer.name for layer in annotator.viewer.layers]


def test_brush_eraser_fill_and_polygon_paint_what_is_stored(annotator, hand):
    before = names(annotator)
    hand.click(PART)
    hand.press("Shift-T")
    layer, expected = annotator.touch_layer.layer, annotator.touch.mask.copy()
    assert annotator.viewer.layers.selection.active is layer
    assert not annotator.layers.candidate.visible
    layer.brush_size = 5
    layer.paint([10, 10], 1)
    annotator.touch_layer.use("eraser")
    layer.paint([60, 70], 0)
    layer.fill([100, 10], 1)
    layer.undo()
    layer.paint_polygon([[100, 100], [100, 120], [115, 120], [115, 100]], 1)
    painted = np.asarray(layer.data) == 1
    assert painted[10, 10]
    assert painted[105, 110]
    assert not painted[60, 70]
    assert not painted[100, 10]
    assert (painted != expected).any()
    hand.press("Enter")
    assert (annotator.session.accepted[0].mask == painted).all()
    assert annotator.session.accepted[0].edits == 4
    assert names(annotator) == before
    assert annotator.viewer.layers.selection.active is annotator.image
    assert annotator.layers.candidate.visible


def test_clicks_are_strokes_and_other_actions_wait(annotator, hand):
    hand.click(PART)
    hand.press("Shift-T")
    ticket, mask = annotator.session.ticket, annotator.touch.mask.copy()
    hand.click((5.0, 5.0), wait=False)
    hand.wheel(1.0, "Shift")
    for action in ("propose", "next", "delete", "paste", "reject"):
        annotator.actions[action]()
    assert annotator.session.ticket == ticket
    assert annotator.touch.active
    size = annotator.touch_layer.layer.brush_size
    annotator.actions["larger"]()
    assert annotator.touch_layer.layer.brush_size > size
    for _ in range(60):
        annotator.actions["smaller"]()
    assert annotator.touch_layer.layer.brush_size == 1
    hand.press("Escape")
    assert not annotator.touch.active
    assert (annotator.session.candidate.mask == mask).all()


def test_undo_takes_back_strokes_first(annotator, hand):
    hand.press("Shift-T", annotator.viewer)
    layer = annotator.touch_layer.layer
    layer.paint([50, 50], 1)
    hand.press("Control-Z")
    assert not annotator.touch.mask.any()
    hand.press("Control-Shift-Z")
    assert annotator.touch.mask.any()


def test_a_layer_taken_out_by_hand_ends_it(annotator):
    annotator.actions["touch up"]()
    annotator.viewer.layers.remove(NAME)
    assert not annotator.touch.active
    assert annotator.touch_layer.layer is None


def test_turning_to_another_layer_keeps_an_accepted_mask(annotator, hand, scene):
    hand.click(PART)
    mask = annotator.session.accept()
    annotator.editing.select([mask.id])
    annotator.actions["touch up"]()
    annotator.touch_layer.layer.paint([5, 5], 1)
    annotator.viewer.add_image(scene[::2, ::2].copy(), name="other")
    first = annotator.viewer.layers["scene"]
    annotator.viewer.layers.selection.active = annotator.viewer.layers["other"]
    assert annotator.session.picture.size == (60, 80)
    annotator.viewer.layers.selection.active = first
    assert annotator.session.accepted[0].mask[5, 5]


def test_closing_takes_the_layer_out(annotator):
    annotator.actions["touch up"]()
    annotator.close()
    assert [layer.name for layer in annotator.viewer.layers] == ["scene"]


def test_drawing_in_somebody_elses_layer_is_not_clicking(annotator, hand, scene):
    other = annotator.viewer.add_labels(np.zeros(scene.shape[:2], int))
    annotator.viewer.layers.selection.active = other
    other.mode = "paint"
    ticket = annotator.session.ticket
    hand.click(PART, wait=False)
    assert annotator.session.ticket == ticket
    other.mode = "pan_zoom"
    hand.click(PART)
    assert annotator.session.candidate.ladder is not None
