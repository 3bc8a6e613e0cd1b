"""Strokes and masks of other layers as hints, drawn and taken back."""

import numpy as np
import pytest

from semsam_annotate.api import BadInput, decode_rle
from semsam_annotate.napari.canvas.pasting import all_masks


def test_strokes_belong_or_do_not_and_are_drawn(annotator, hand, pump):
    path = [(60.0, 62.0), (60.0, 70.0), (61.0, 78.0)]
    assert hand.drag(*path, modifiers=("Control",)).handled
    pump.until(lambda: not annotator.session.waiting)
    hand.drag((35.0, 45.0), (35.0, 300.0), (35.0, 60.0), modifiers=("Alt",))
    pump.until(lambda: not annotator.session.waiting)
    first, second = annotator.session.candidate.strokes
    assert first.points[:3] == tuple((column, row) for row, column in path)
    assert (first.label, second.label) == (1, 0)
    assert all(x < 160 for x, _ in second.points)
    assert len(annotator.layers.box.data) == 2
    hand.press("Control-Z")
    pump.until(lambda: not annotator.session.waiting)
    assert annotator.session.candidate.strokes == (first,)
    hand.press("Control-Z")
    assert annotator.session.candidate.empty


def test_a_label_of_another_layer_is_pasted(annotator, hand, pump, viewer):
    told = []
    annotator.session.told.connect(told.append)
    hand.press("Shift-V")
    assert "no other labels layer" in told[-1]
    drawn = np.zeros((120, 160), int)
    drawn[10:20, 30:50] = 3
    layer = viewer.add_labels(drawn, name="drawn")
    hand.press("Shift-V")
    assert "empty" in told[-1]
    layer.selected_label = 3
    hand.press("Shift-V")
    pump.until(lambda: not annotator.session.waiting)
    assert np.array_equal(decode_rle(annotator.session.candidate.rough), drawn == 3)
    viewer.layers.remove(layer)
    viewer.add_labels(np.ones((7, 5), int), name="small")
    hand.press("Shift-V")
    assert "small is 5x7 pixels, the image 160x120" in told[-1]


def test_every_label_of_another_layer_is_accepted_in_one_step(annotator, hand, viewer):
    drawn = np.zeros((2, 120, 160), np.uint16)
    drawn[0, 10:20, 30:50], drawn[0, 40:80, 40:90], drawn[1, 5:9, 5:9] = 3, 8, 9
    features = {"index": [3, 8], "object": ["lamp", "car"]}
    viewer.add_labels(drawn, name="cells", features=features)
    viewer.dims.set_current_step(0, 0)

    def take():
        annotator.session.take(all_masks(viewer, annotator.image, annotator.layers.all))

    take()
    accepted = annotator.session.accepted
    assert {mask.title: mask.area for mask in accepted} == {"lamp": 200, "car": 2000}
    assert np.array_equal(np.asarray(annotator.layers.accepted.data) > 0, drawn[0] > 0)
    hand.press("Control-Z")
    assert annotator.session.accepted == []
    viewer.dims.set_current_step(0, 1)
    take()
    assert [mask.title for mask in annotator.session.accepted] == ["cells"]
    viewer.layers["cells"].data = drawn * 0
    with pytest.raises(BadInput, match="empty"):
        take()
