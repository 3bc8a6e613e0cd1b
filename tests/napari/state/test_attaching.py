"""Masks hung under another one: together, with what lies under them; what is hidden is not pointed at."""

import numpy as np
import pytest

from semsam_annotate.api import encode_rle
from semsam_annotate.napari.state.drawn import DrawnMask
from semsam_annotate.napari.state.outline import outline

RIM = (7.0, 7.0)
"""(x, y) in the rim, the wheel and the car."""


def square(first, last):
    mask = np.zeros((120, 160), bool)
    mask[first:last, first:last] = True
    return encode_rle(mask)


@pytest.fixture
def masks(session):
    """A car with a wheel with a rim, a mirror without a part name, a truck; by title."""
    session.take(
        [
            DrawnMask(1, square(0, 20), "car"),
            DrawnMask(2, square(5, 10), "car", "wheel", 1),
            DrawnMask(3, square(6, 8), "car", "rim", 2),
            DrawnMask(4, square(30, 40), "mirror"),
            DrawnMask(5, square(0, 100), "truck"),
        ]
    )
    return {mask.title: mask.id for mask in session.accepted}


def tree(session):
    def titles(branches):
        return {branch.mask.title: titles(branch.parts) for branch in branches}

    return titles(outline(session.accepted))


def test_parts_of_a_part_take_the_new_object_too(session, editing, masks):
    before = tree(session)
    editing.attach([masks["wheel of car"]], masks["truck"])
    assert tree(session) == {"car": {}, "mirror": {}, "truck": {"wheel of truck": {"rim of truck": {}}}}
    session.undo()
    assert tree(session) == before


def test_several_masks_move_in_one_step_and_take_their_parts_along(session, editing, masks):
    before = tree(session)
    dragged = [masks[title] for title in ("car", "wheel of car", "mirror", "truck")]
    editing.attach(dragged, masks["truck"])
    assert tree(session) == {"truck": {"car": {"wheel of car": {"rim of car": {}}}, "mirror": {}}}
    assert session.lines[-1] == "car and 1 more belong to truck"
    session.undo()
    assert tree(session) == before


def test_parts_of_what_is_chosen_too_are_taken_out_in_one_step(session, editing, masks):
    before = tree(session)
    editing.free(list(masks.values()))
    assert tree(session) == {title: {} for title in masks}
    session.undo()
    assert tree(session) == before


def test_a_hidden_mask_is_not_deleted_under_the_pointer(session, editing, masks):
    assert editing.under(RIM).id == masks["rim of car"]
    editing.mark([masks["rim of car"]], hidden=True)
    assert editing.under(RIM).id == masks["wheel of car"]
    editing.mark(list(masks.values()), hidden=True)
    editing.delete_at(RIM)
    assert len(session.accepted) == 5
    assert "to be seen under the pointer" in session.lines[-1]
