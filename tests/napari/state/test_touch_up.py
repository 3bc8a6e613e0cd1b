"""Touching up: what is painted is what is stored, the engine's mask stays in the record, and nothing is lost."""

import numpy as np
import pytest

from semsam_annotate.api import BadInput, decode_rle
from semsam_annotate.napari.state.touch_up import TouchUp
from semsam_annotate.napari.state.workspace import resumed, taken

PART = (70.0, 60.0)


@pytest.fixture
def touch(session, editing, clock) -> TouchUp:
    return TouchUp(session, editing, clock)


def paint(touch, rows, columns, value=1):
    touch.pixels[rows, columns] = value
    touch.painted(touch.pixels)


CORNER = (slice(0, 5), slice(0, 7))


def test_a_ladder_mask_is_painted_then_accepted_as_a_manual_edit(session, touch, ledger):
    session.click(PART)
    before = session.candidate.proposal.mask.copy()
    touch.begin()
    paint(touch, *CORNER)
    paint(touch, slice(50, 55), slice(60, 80), 0)
    touch.finish()
    assert not touch.active
    record = ledger.record(session.accepted[0].id)
    expected = before.copy()
    expected[CORNER] = True
    expected[50:55, 60:80] = False
    assert (decode_rle(record.mask) == expected).all()
    assert (decode_rle(record.proposed_mask) == before).all()
    assert record.edits == 2
    assert record.rung is not None


def test_an_accepted_mask_is_corrected_and_that_can_be_taken_back(session, editing, touch, ledger):
    session.click(PART)
    old = session.accept()
    for _ in range(2):
        editing.select([session.accepted[0].id])
        touch.begin()
        paint(touch, *CORNER)
        touch.finish()
    (mask,) = session.accepted
    record = ledger.record(mask.id)
    assert record.edits == mask.edits == 2
    assert (decode_rle(record.proposed_mask) == old.mask).all()
    assert mask.mask[CORNER].all()
    session.undo()
    session.undo()
    assert [mask.id for mask in session.accepted] == [old.id]
    session.redo()
    assert session.accepted[0].mask[CORNER].all()


def test_a_mask_is_drawn_from_nothing(session, touch, ledger, clock):
    session.label("car", "")
    touch.begin()
    clock.return_value += 7.0
    paint(touch, *CORNER)
    touch.finish()
    record = ledger.record(session.accepted[0].id)
    assert (record.object, record.proposed_mask, record.score, record.seconds) == ("car", None, None, 7.0)
    assert decode_rle(record.mask).sum() == 35


def test_an_empty_mask_is_refused_and_stays_open(session, touch):
    touch.begin()
    with pytest.raises(BadInput, match="empty"):
        touch.finish()
    assert touch.active
    touch.leave()
    assert not touch.active
    assert session.accepted == []


def test_nothing_painted_changes_nothing(session, editing, touch):
    session.click(PART)
    old = session.accept()
    editing.select([old.id])
    touch.begin()
    touch.finish()
    assert [mask.id for mask in session.accepted] == [old.id]


def test_a_locked_mask_and_several_are_not_opened(session, editing, touch):
    session.click(PART)
    first = session.accept()
    editing.select([first.id])
    editing.mark([first.id], locked=True)
    touch.begin()
    assert not touch.active
    assert "locked" in session.lines[-1]
    editing.mark([first.id], locked=False)
    session.click((45.0, 35.0))
    editing.select([first.id, session.accept().id])
    touch.begin()
    assert not touch.active


def test_a_mask_that_is_deleted_meanwhile_is_no_longer_open(session, editing, touch):
    session.click(PART)
    first = session.accept()
    editing.select([first.id])
    touch.begin()
    paint(touch, *CORNER)
    editing.delete([first.id])
    assert not touch.active


def test_a_killed_window_goes_on_with_what_was_painted(session, editing, touch, ledger, clock):
    session.click(PART)
    touch.begin()
    paint(touch, *CORNER)
    kept, painted = taken(session, editing, touch, ()), touch.mask
    touch.leave()
    session.open(session.picture)
    assert resumed(kept, session, editing, touch)
    assert touch.active
    assert (touch.mask == painted).all()
    touch.finish()
    assert ledger.record(session.accepted[0].id).edits == 1


def test_what_was_kept_for_another_picture_is_refused(session, touch):
    touch.begin()
    kept = touch.kept()
    touch.leave()
    for wrong in ({**kept, "target": "nobody"}, {**kept, "mask": {"size": [1, 1], "counts": "0"}}, {"target": None}):
        with pytest.raises((BadInput, KeyError)):
            touch.resume(wrong)
        assert not touch.active


def test_turning_away_keeps_what_was_painted(session, editing, touch):
    session.click(PART)
    first = session.accept()
    editing.select([first.id])
    touch.begin()
    paint(touch, *CORNER)
    touch.keep()
    assert not touch.active
    assert session.accepted[0].mask[CORNER].all()
    touch.begin()
    touch.keep()
    assert np.array_equal(session.accepted[0].mask[CORNER], np.ones((5, 7), bool))
