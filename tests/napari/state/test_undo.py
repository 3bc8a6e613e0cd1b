"""Taking back, doing again, deleting: picture by picture, in the store as on the screen."""

import numpy as np

from semsam_annotate.annotations import image_sha256
from semsam_annotate.api import Prompt
from semsam_annotate.napari.state.picture import Picture
from semsam_annotate.napari.state.project_ledger import ProjectLedger
from semsam_annotate.napari.state.session import AnnotationSession

PART, SQUARE, OUTSIDE = (70.0, 60.0), (45.0, 35.0), (5.0, 5.0)
"""(x, y) in the scene: the dark part, the red square, the background."""


def test_undo_takes_back_the_last_click_then_accepted_masks(session, ledger):
    session.click(SQUARE)
    first = session.accept()
    session.click(PART)
    session.click((41.0, 31.0), extend=True)
    session.undo()
    assert session.candidate.prompt == Prompt([PART])
    session.undo()
    assert session.candidate.empty
    session.undo()
    assert session.accepted == []
    assert ledger.record(first.id).status == "deleted"
    session.undo()
    assert "nothing to take back" in session.lines[-1]


def test_after_taking_back_another_rung_is_one_key_away(session):
    session.click(PART)
    session.show_rung(2)
    taken = session.accept()
    session.undo()
    assert session.candidate.proposal.area == taken.area
    session.move(-1)
    again = session.accept()
    assert again.area < taken.area
    assert [mask.id for mask in session.accepted] == [again.id]


def test_two_accepted_masks_go_with_two_undos_and_come_back_with_two_redos(session):
    masks = []
    for point in (PART, SQUARE):
        session.click(point)
        masks.append(session.accept().id)
    session.undo()
    session.undo()
    assert session.accepted == []
    session.redo()
    session.redo()
    assert sorted(mask.id for mask in session.accepted) == sorted(masks)
    session.redo()
    assert "nothing to do again" in session.lines[-1]


def test_delete_under_the_pointer_takes_the_smallest_and_undo_restores_it(session, editing):
    for rung in (1, 0):
        session.click(PART)
        session.show_rung(rung)
        session.accept()
    small = min(session.accepted, key=lambda mask: mask.area)
    editing.delete_at(PART)
    assert small.id not in [mask.id for mask in session.accepted]
    session.undo()
    assert small.id in [mask.id for mask in session.accepted]
    editing.delete_at(OUTSIDE)
    assert len(session.accepted) == 2


def test_after_a_restart_everything_can_still_be_taken_back(session, editing, ledger, picture, tmp_path):
    session.click(PART)
    session.show_rung(1)
    session.label("car", "")
    taken = session.accept()
    editing.rename(taken.id, "boat", "")
    ledger.close()
    again = ProjectLedger.open(tmp_path / "project")
    later = AnnotationSession(again)
    later.open(picture)
    assert [mask.object for mask in later.accepted] == ["boat"]
    later.undo()
    assert [(mask.id, mask.object) for mask in later.accepted] == [(taken.id, "car")]
    assert later.candidate.empty
    later.undo()
    assert later.accepted == []
    assert np.array_equal(later.candidate.proposal.mask, taken.mask)
    assert later.choice.object == "car"
    later.redo()
    later.redo()
    assert [mask.object for mask in later.accepted] == ["boat"]
    again.close()


def test_history_of_another_picture_is_left_alone(session, picture):
    session.click(PART)
    session.accept()
    other = picture.rgb[:, ::-1].copy()
    sha = image_sha256(other)
    session.open(Picture(other, other, sha, sha, "other"))
    session.undo()
    session.open(picture)
    assert len(session.accepted) == 1
