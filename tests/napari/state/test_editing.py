"""Editing accepted masks: the store follows, parts follow their objects, everything can be taken back."""

from dataclasses import replace

import numpy as np

from semsam_annotate.napari.state.outline import descendants, outline

PART, SQUARE = (70.0, 60.0), (45.0, 35.0)
"""(x, y) in the scene: the dark part, the red square."""


def shape(branches):
    return [(branch.mask.title, shape(branch.parts)) for branch in branches]


def in_store(ledger, session):
    return [(mask.id, mask.object, mask.part, mask.part_of) for mask in ledger.masks(session.picture)]


def shown(session):
    return [(mask.id, mask.object, mask.part, mask.part_of) for mask in session.accepted]


def test_the_outline_is_the_tree(session, car):
    assert shape(outline(session.accepted)) == [("car", [("wheel of car", [])])]
    assert [mask.part for mask in descendants(car[0], car)] == ["wheel"]
    assert shape(outline(car[1:])) == [("wheel of car", [])]


def test_parts_follow_a_renamed_object(session, editing, ledger, car):
    before = shown(session)
    editing.select([car[0].id])
    editing.rename(car[0].id, "bus", "")
    assert shape(outline(session.accepted)) == [("bus", [("wheel of bus", [])])]
    assert shown(session) == in_store(ledger, session)
    assert "bus" in ledger.vocabulary.objects
    assert [mask.object for mask in editing.selection] == ["bus"]
    session.undo()
    assert shown(session) == before == in_store(ledger, session)


def test_a_part_is_hung_elsewhere_and_takes_the_name(session, editing, ledger, car):
    session.click(SQUARE)
    session.show_rung(3)
    session.label("boat", "")
    boat = session.accept()
    editing.attach([car[1].id], boat.id)
    assert shape(outline(session.accepted)) == [("car", []), ("boat", [("wheel of boat", [])])]
    editing.attach([session.accepted[-1].id], None)
    assert shape(outline(session.accepted)) == [("car", []), ("boat", []), ("wheel of boat", [])]
    assert shown(session) == in_store(ledger, session)


def test_a_circle_is_refused_in_a_line(session, editing, car):
    before = shown(session)
    editing.attach([car[0].id], car[1].id)
    assert "circle" in session.lines[-1]
    assert shown(session) == before


def test_merging_joins_pixels_and_parts(session, editing, ledger, car):
    session.click(SQUARE)
    session.show_rung(0)
    session.label("car", "")
    other = session.accept()
    editing.attach([car[1].id], other.id)
    editing.merge([car[0].id, other.id])
    joined = session.accepted[-1] if session.accepted[-1].part is None else session.accepted[-2]
    assert np.array_equal(joined.mask, car[0].mask | other.mask)
    assert shape(outline(session.accepted)) == [("car", [("wheel of car", [])])]
    assert shown(session) == in_store(ledger, session)
    session.undo()
    session.undo()
    assert len(session.accepted) == 3


def test_a_part_merged_with_its_object_makes_no_circle(session, editing, car):
    editing.merge([car[1].id, car[0].id])
    assert [(mask.title, mask.part_of) for mask in session.accepted] == [("wheel of car", None)]


def test_one_mask_alone_cannot_be_merged(session, editing, car):
    editing.merge([car[0].id])
    assert "two masks" in session.lines[-1]


def test_deleting_an_object_keeps_its_parts_unless_asked(session, editing, ledger, car):
    editing.delete([car[0].id])
    assert shape(outline(session.accepted)) == [("wheel of car", [])]
    session.undo()
    assert shape(outline(session.accepted)) == [("car", [("wheel of car", [])])]
    editing.delete([car[0].id], with_parts=True)
    assert session.accepted == []
    session.undo()
    assert shown(session) == in_store(ledger, session)
    assert len(session.accepted) == 2


def test_a_locked_mask_stays_as_it_is(session, editing, car):
    before = shown(session)
    editing.mark([car[0].id], locked=True)
    editing.rename(car[0].id, "bus", "")
    assert "locked" in session.lines[-1]
    editing.delete([car[0].id])
    editing.merge([car[1].id, car[0].id])
    assert shown(session) == before
    editing.mark([car[0].id], locked=False)
    editing.delete([car[0].id])
    assert len(session.accepted) == 1


def test_marks_follow_a_mask_and_stay_when_another_picture_opens(session, editing, picture, car):
    editing.mark([car[0].id, car[1].id], hidden=True)
    editing.mark([car[0].id], locked=True)
    editing.rename(car[1].id, "car", "door")
    assert editing.hidden == {mask.id for mask in session.accepted}
    session.open(replace(picture, sha256="b" * 64))
    assert session.accepted == []
    session.open(picture)
    assert editing.hidden == {mask.id for mask in session.accepted}
    editing.delete([car[0].id])
    assert "locked" in session.lines[-1]
    editing.mark([car[0].id], locked=False)
    editing.delete([car[0].id])
    assert editing.hidden == {mask.id for mask in session.accepted}


def test_a_new_name_with_a_colon_is_refused(session, editing, car):
    before = shown(session)
    editing.rename(car[0].id, "a:b", "")
    assert "colon" in session.lines[-1] or "without colon" in session.lines[-1]
    assert shown(session) == before
