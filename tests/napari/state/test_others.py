"""Somebody else changes the same picture meanwhile: what they did stays, and nothing of one's own is lost."""

import pytest

from semsam_annotate.napari.state.editing import MaskEditing
from semsam_annotate.napari.state.project_ledger import ProjectLedger
from semsam_annotate.napari.state.session import AnnotationSession
from semsam_annotate.napari.state.touch_up import TouchUp

PART, SQUARE = (70.0, 60.0), (45.0, 35.0)
CORNER = (slice(0, 5), slice(0, 7))


@pytest.fixture
def touch(session, editing, clock) -> TouchUp:
    return TouchUp(session, editing, clock)


@pytest.fixture
def theirs(ledger, tmp_path, picture):
    """Opens the picture as somebody else and gives their editing of it."""
    other = ProjectLedger.open(tmp_path / "project")
    other._author = "somebody else"

    def begin() -> MaskEditing:
        session = AnnotationSession(other)
        session.open(picture)
        return MaskEditing(session)

    yield begin
    other.close()


@pytest.fixture
def painted(session, editing, touch, theirs):
    """An accepted mask that is touched up while somebody renames it."""
    session.click(PART)
    mask = session.accept()
    editing.select([mask.id])
    touch.begin()
    touch.pixels[CORNER] = 1
    touch.painted(touch.pixels)
    theirs().rename(mask.id, "dog", "")
    return mask


def test_a_touch_up_of_a_mask_changed_meanwhile_becomes_one_of_its_own(session, touch, painted):
    touch.finish()
    assert touch.active
    assert "somebody has changed" in session.lines[-1]
    assert [mask.object for mask in session.accepted] == ["dog"]
    touch.finish()
    assert not touch.active
    theirs, own = sorted(session.accepted, key=lambda mask: mask.object == painted.object)
    assert (theirs.mask == painted.mask).all()
    assert own.mask[CORNER].all()
    assert (own.object, own.edits) == (painted.object, 1)


def test_turning_away_from_it_keeps_what_was_painted(session, touch, painted, picture):
    touch.keep()
    assert not touch.active
    session.open(picture)
    touch.recall()
    assert touch.mask[CORNER].all()
    touch.finish()
    assert sorted(mask.object for mask in session.accepted) == sorted(["dog", painted.object])


def test_naming_it_anew_meanwhile_keeps_what_was_painted(session, editing, touch, painted):
    editing.rename(painted.id, "boat", "")
    assert touch.mask[CORNER].all()
    touch.finish()
    assert sorted((mask.object, mask.edits) for mask in session.accepted) == [(painted.object, 1), ("dog", 0)]


def test_ones_own_new_name_does_not_end_a_touch_up(session, editing, touch):
    session.click(PART)
    mask = session.accept()
    editing.select([mask.id])
    touch.begin()
    touch.pixels[CORNER] = 1
    touch.painted(touch.pixels)
    editing.rename(mask.id, "dog", "")
    assert touch.active
    touch.finish()
    (mask,) = session.accepted
    assert mask.object == "dog"
    assert mask.mask[CORNER].all()


def test_a_step_whose_mask_somebody_changed_is_told_once_and_passed_over(session, theirs, ledger, picture):
    first, second = (session.click(point) or session.accept() for point in (SQUARE, PART))
    theirs().rename(second.id, "dog", "")
    session.undo()
    assert "somebody has changed" in session.lines[-1]
    assert [mask.object for mask in session.accepted] == ["car", "dog"]
    session.undo()
    assert [mask.object for mask in session.accepted] == ["dog"]
    assert session.accepted == ledger.masks(picture)
    session.drop()
    session.undo()
    assert "nothing to take back" in session.lines[-1]
    session.redo()
    assert [mask.id for mask in session.accepted if mask.object == "car"] == [first.id]


def test_an_edit_of_a_mask_that_somebody_changed_shows_what_it_is_now(session, editing, theirs, ledger, picture):
    session.click(PART)
    mask = session.accept()
    theirs().rename(mask.id, "dog", "")
    editing.rename(mask.id, "boat", "")
    assert "somebody has changed" in session.lines[-1]
    assert session.accepted == ledger.masks(picture)
    editing.rename(session.accepted[0].id, "boat", "")
    assert [mask.object for mask in ledger.masks(picture)] == ["boat"]
