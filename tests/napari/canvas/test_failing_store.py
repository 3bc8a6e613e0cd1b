"""A store that does not answer for a while: nothing is shown that is not so, and no painting is lost."""

import numpy as np
import pytest

from semsam_annotate.annotations.connection import StoreUnavailable

PART = (60.0, 70.0)


def unavailable(*_):
    raise StoreUnavailable("the store is locked by another program: try again")


@pytest.fixture
def lines(annotator):
    lines = []
    annotator.session.told.connect(lines.append)
    return lines


def test_an_image_whose_masks_cannot_be_read_is_not_shown_as_if_it_had_none(
    annotator, hand, viewer, scene, ledger, lines, monkeypatch
):
    hand.click(PART)
    mask, first = annotator.session.accept(), viewer.layers["scene"]
    other = viewer.add_image(scene[::2, ::2].copy(), name="other")
    assert annotator.session.picture.size == (60, 80)
    with monkeypatch.context() as broken:
        broken.setattr(ledger, "masks", unavailable)
        viewer.layers.selection.active = first
        assert annotator.session.picture is None
        assert "locked" in lines[-1]
    viewer.layers.selection.active = other
    viewer.layers.selection.active = first
    assert [one.id for one in annotator.session.accepted] == [mask.id]


def test_an_image_is_open_though_nobody_can_say_which_comes_next(annotator, viewer, lines, monkeypatch):
    monkeypatch.setattr(annotator.images, "following", unavailable)
    annotator._open_picture()
    assert annotator.session.picture is not None
    assert "locked" in lines[-1]


def test_choosing_the_image_again_tries_again(annotator, hand, viewer, ledger, monkeypatch):
    hand.click(PART)
    mask = annotator.session.accept()
    with monkeypatch.context() as broken:
        broken.setattr(ledger, "masks", unavailable)
        annotator._open_picture()
    viewer.layers.selection.active = None
    viewer.layers.selection.active = viewer.layers["scene"]
    assert [one.id for one in annotator.session.accepted] == [mask.id]


def test_what_was_found_while_it_does_not_answer_is_told_in_one_line(annotator, hand, pump, ledger, lines, monkeypatch):
    hand.click(PART)
    annotator.session.drop()
    with monkeypatch.context() as broken:
        broken.setattr(ledger, "rejected", unavailable)
        annotator.actions["propose"]()
        pump.until(lambda: any("locked" in line for line in lines))
    annotator.actions["propose"]()
    pump.until(lambda: annotator.review.items)


def stack_of(viewer, scene):
    stack = viewer.add_image(np.stack([scene, scene[::-1], scene[:, ::-1]]), rgb=True, name="stack")
    viewer.layers.selection.active = stack
    viewer.dims.set_current_step(0, 0)


def paint(annotator):
    annotator.actions["touch up"]()
    annotator.touch_layer.layer.paint([5, 5], 1)
    return annotator.touch.mask


@pytest.mark.parametrize("made", ["drawn from nothing", "of a ladder", "of an accepted mask"])
def test_what_is_painted_while_the_slider_moves_waits_where_it_was_painted(
    annotator, hand, viewer, scene, ledger, lines, monkeypatch, made
):
    stack_of(viewer, scene)
    if made != "drawn from nothing":
        hand.click(PART)
    if made == "of an accepted mask":
        annotator.editing.select([annotator.session.accept().id])
    ladder = annotator.session.candidate.ladder
    painted = paint(annotator)
    with monkeypatch.context() as broken:
        broken.setattr(ledger, "perform", unavailable)
        viewer.dims.set_current_step(0, 1)
    assert not annotator.touch.active
    assert any("locked" in line and "waits in" in line for line in lines)
    viewer.dims.set_current_step(0, 0)
    assert np.array_equal(annotator.touch.mask, painted)
    annotator.actions["accept"]()
    (mask,) = annotator.session.accepted
    assert np.array_equal(mask.mask, painted)
    assert ledger.record(mask.id).ladder == ladder or made == "of an accepted mask"
    viewer.dims.set_current_step(0, 1)
    viewer.dims.set_current_step(0, 0)
    assert not annotator.touch.active
