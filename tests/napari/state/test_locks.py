"""A locked mask stays as it is, whatever is done to the masks that it belongs to or that belong to it."""

import pytest


@pytest.mark.parametrize("edit", ["rename", "merge", "delete"])
def test_an_edit_that_would_change_a_locked_part_is_refused_whole(session, editing, ledger, car, edit):
    whole, wheel = car
    session.click((45.0, 35.0))
    other = session.accept()
    editing.mark([wheel.id], locked=True)
    before, names = ledger.masks(session.picture), ledger.vocabulary
    {
        "rename": lambda: editing.rename(whole.id, "bus", ""),
        "merge": lambda: editing.merge([other.id, whole.id]),
        "delete": lambda: editing.delete([whole.id], with_parts=True),
    }[edit]()
    assert session.lines[-1] == "wheel of car is locked: unlock it first"
    assert ledger.masks(session.picture) == session.accepted == before
    assert ledger.vocabulary == names


def test_a_locked_part_does_not_keep_its_object_from_what_leaves_the_part_alone(session, editing, car):
    whole, wheel = car
    editing.mark([wheel.id], locked=True)
    smaller = whole.mask.copy()
    smaller[:40] = False
    assert editing.redraw(whole.id, smaller, 1)
    assert wheel.id in [mask.id for mask in session.accepted]
