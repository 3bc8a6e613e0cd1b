"""Masks of labels layers: every label is one mask, under its own name, below what it is a part of, in one step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from semsam_annotate.api import BadInput, decode_rle, encode_rle
from semsam_annotate.napari.state.drawn import DrawnMask, beside_each_other, drawn_masks, label_rles

LABELS = arrays.arrays(np.int64, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(-2, 4))


@settings(deadline=None)
@given(LABELS)
def test_every_value_but_nought_is_one_mask(labels):
    found = label_rles(labels)
    assert list(found) == sorted(set(np.unique(labels)) - {0})
    for value, rle in found.items():
        assert np.array_equal(decode_rle(rle), labels == value)


def test_thousands_of_labels_take_one_pass():
    labels = np.arange(1, 300 * 300 + 1).reshape(300, 300) // 9
    assert len(label_rles(labels)) == 300 * 300 // 9


@pytest.fixture
def labels():
    """A square of 60 x 60 (1), a part of it (2), a strip elsewhere (7), a label without a row (9)."""
    drawn = np.zeros((120, 160), np.uint16)
    drawn[30:90, 40:100] = 1
    drawn[50:70, 60:80] = 2
    drawn[100:110, 0:50] = 7
    drawn[0:3, 0:3] = 9
    return drawn


def test_names_come_from_the_table_else_from_the_layer(labels):
    table = {
        "index": [0, 7, 2],
        "object": ["", " car ", "car"],
        "part": ["", float("nan"), "wheel"],
        "part_of": [0, 0, 1],
    }
    found = {mask.value: (mask.object, mask.part, mask.part_of) for mask in drawn_masks(labels, table, "cells: mine")}
    assert found == {
        1: ("cells  mine", None, None),
        2: ("car", "wheel", 1),
        7: ("car", None, 0),
        9: ("cells  mine", None, None),
    }
    by_row = {"object": ["", "a", "b"]}
    assert [mask.object for mask in drawn_masks(labels, by_row, "c")] == ["a", "b", "c", "c"]
    assert {mask.object for mask in drawn_masks(labels, {"area": [1.0, 2.0]}, "c")} == {"c"}


def test_all_masks_of_a_layer_are_one_step(session, ledger, labels):
    table = {"index": [1, 2, 7], "object": ["car", "car", ""], "part": ["", "wheel", ""], "score": [0.0, 0.5, np.nan]}
    session.take(drawn_masks(labels, table, "drawn"))
    accepted = {mask.title: mask for mask in session.accepted}
    assert set(accepted) == {"car", "wheel of car", "unnamed", "drawn"}
    assert np.array_equal(accepted["wheel of car"].mask, labels == 2)
    assert [mask.id for mask in ledger.masks(session.picture)] == [mask.id for mask in session.accepted]
    assert [ledger.record(accepted[name].id).score for name in ("car", "wheel of car", "unnamed")] == [None, 0.5, None]
    assert "drawn" in ledger.vocabulary.objects
    session.undo()
    assert session.accepted == ledger.masks(session.picture) == []
    session.redo()
    assert {mask.title for mask in session.accepted} == set(accepted)


def test_a_part_lies_in_what_it_says_else_in_what_is_around_it(session, labels):
    labels[50:70, 60:80] = 1
    (square,) = drawn_masks(np.where(labels == 1, 1, 0), {"index": [1], "object": ["car"]}, "")
    inner = np.zeros_like(labels)
    inner[50:70, 60:80] = 2
    (part,) = drawn_masks(inner, {"index": [2], "object": ["car"], "part": ["wheel"]}, "")
    session.take([part, square])
    parents = {mask.title: mask.part_of for mask in session.accepted}
    ids = {mask.title: mask.id for mask in session.accepted}
    assert parents == {"car": None, "wheel of car": ids["car"]}
    session.take([DrawnMask(5, encode_rle(inner[::-1] == 2), "car", "door")])
    assert session.accepted[-1].part_of in ids.values()
    session.take([DrawnMask(5, encode_rle(inner[:, ::-1] == 2), "car", "lamp", part_of=0)])
    assert session.accepted[-1].part_of is None


def test_a_layer_taken_twice_gives_its_masks_once(session, editing, ledger, labels):
    table = {"index": [1, 2], "object": ["car", "car"], "part": ["", "wheel"], "part_of": [0, 1]}
    first = np.where(labels == 1, 1, 0)
    session.take(drawn_masks(first, table, "x"))
    editing.rename(session.accepted[0].id, "bus", "")
    session.take(drawn_masks(first, table, "x"))
    assert "accepted already" in session.lines[-1]
    assert [mask.title for mask in ledger.masks(session.picture)] == ["bus"]
    session.take(drawn_masks(np.where(labels <= 2, labels, 0), table, "x"))
    assert [mask.title for mask in session.accepted] == ["bus", "wheel of car"]
    assert session.accepted[1].part_of == session.accepted[0].id
    session.undo()
    assert [mask.title for mask in session.accepted] == ["bus"]


def test_a_name_that_cannot_be_one_stores_nothing(session, ledger, labels):
    with pytest.raises(BadInput, match="colon"):
        session.take(drawn_masks(labels, {"index": [1, 2], "object": ["car", "a:b"]}, "x"))
    assert ledger.masks(session.picture) == []
    session.take([])
    assert "no masks" in session.lines[-1]


def test_a_circle_of_parts_is_refused(session, labels):
    table = {"index": [1, 2], "object": ["a", "b"], "part": ["c", "d"], "part_of": [2, 1]}
    with pytest.raises(BadInput, match="circle"):
        session.take(drawn_masks(labels, table, "x"))


def test_layers_with_values_of_their_own_keep_parents_across_them():
    rle = {"size": [1, 1], "counts": "01"}
    objects, parts = [DrawnMask(1, rle), DrawnMask(2, rle, part_of=0)], [DrawnMask(3, rle, part_of=2)]
    assert beside_each_other([objects, parts]) == [*objects, *parts]
    joined = beside_each_other(
        [objects, [DrawnMask(1, rle), DrawnMask(2, rle, part_of=1), DrawnMask(3, rle, part_of=9)]]
    )
    assert [(mask.value, mask.part_of) for mask in joined] == [(1, None), (2, 0), (3, None), (4, 3), (5, None)]
