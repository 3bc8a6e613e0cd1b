"""A store that does not answer for a while: nothing is shown that is not so, nothing is doubled, no painting is lost."""

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


def test_choosing_the_image_again_tries_again(annotator, hand, viewer, ledger, monkeypatch):
    hand.click(PART)
    mask = annotator.session.accept()
    with monkeypatch.context() as broken:
        broken.setattr(ledger, "masks", unavailable)
        annotator._open_picture()
    viewer.layers.selection.active = None
    viewer.layers.selection.active = viewer.layers["scene"]
    assert [one.id for one in annotator.session.accepted] == [mask.id]
