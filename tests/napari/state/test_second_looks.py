"""Reviews in the window: what was said is there when a picture opens, and saying it is a step that goes back."""

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.people.reviews import set_reviews
from semsam_annotate.annotations.reviewing import APPROVED, CHANGES

PART, SQUARE = (70.0, 60.0), (45.0, 35.0)
"""(x, y) in the scene: the dark part, the red square."""


def test_a_review_is_a_step_like_any_other(session, editing, ledger, picture):
    ids = []
    for point in (PART, SQUARE):
        session.click(point)
        ids.append(session.accept().id)
    editing.mark(ids[:1], locked=True)
    editing.select(ids)
    editing.review(ids)
    assert [mask.review for mask in session.accepted] == [APPROVED, APPROVED], "a locked mask is not changed by that"
    editing.review(ids[:1], "smaller")
    assert [(mask.review, mask.remark) for mask in session.accepted] == [(CHANGES, "smaller"), (APPROVED, None)]
    assert editing.selected == ids
    session.undo()
    assert [mask.review for mask in session.accepted] == [APPROVED, APPROVED]
    session.undo()
    assert [mask.review for mask in session.accepted] == [None, None]
    assert session.candidate.empty, "no ladder comes back, as it does for a mask that was just accepted"
    session.redo()
    assert [mask.review for mask in session.accepted] == [APPROVED, APPROVED]
    assert session.accepted == ledger.masks(picture)


def test_what_a_reviewer_wants_changed_is_there_when_the_picture_opens(session, editing, picture, tmp_path):
    ids = []
    for point in (PART, SQUARE):
        session.click(point)
        ids.append(session.accept().id)
    with Project.open(tmp_path / "project") as project:
        for comment in ("smaller", "name: dog (93%, car 2%)"):
            set_reviews(project.store, ids[:1], CHANGES, "ann", comment)
        set_reviews(project.store, ids[1:], APPROVED, "ann", "fine")
    session.open(picture)
    assert [mask.review for mask in session.accepted] == [CHANGES, APPROVED]
    assert [mask.remark for mask in session.accepted] == ["name: dog (93%, car 2%)", None]
    editing.rename(ids[0], "dog", "")
    assert session.mask(session.accepted[-1].id).remark is None, "a corrected mask waits for a new review"
    session.undo()
    assert session.mask(ids[0]).remark == "name: dog (93%, car 2%)"
