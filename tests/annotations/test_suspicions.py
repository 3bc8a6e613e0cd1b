"""Doubts about accepted masks: what is as the engine says is never doubted; each way to be wrong is, and only that."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.annotations import Annotation, ImageRef
from semsam_annotate.annotations.outlines import steepness, steepness_along
from semsam_annotate.annotations.suspicions import (
    Doubts,
    doubt_name,
    doubt_outline,
    doubt_parts,
    lacking_parts,
    usual_parts,
)
from semsam_annotate.api import Ladder, Proposal, encode_rle

SIZE = (60, 80)
REF = ImageRef("0" * 64, "a.png", *SIZE)


def disc(radius, x=40, y=30):
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.hypot(rows - y, columns - x) < radius


def record(mask, id="m", **facts):
    return Annotation(id=id, image=REF, mask=encode_rle(mask), **facts)


def proposal(mask, score=0.9, **facts):
    given = {"id": "p", "model": "m", "stability": 0.9, "level": 1, "box": (0, 0, 80, 60), "score": score}
    return Proposal(**{**given, **facts}, mask=mask)


PICTURE = np.where(disc(20)[..., None], np.array([220, 40, 40]), np.array([30, 60, 90])).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "labels", "doubted"),
    [
        ("car", [("bus", 0.9), ("car", 0.02)], True),
        ("car", [("bus", 0.9), ("car", 0.3)], False),
        ("car", [("bus", 0.3), ("car", 0.02)], False),
        ("car", [("car", 0.9), ("bus", 0.05)], False),
        (None, [("bus", 0.9)], False),
        ("car", [], False),
    ],
)
def test_a_name_is_doubted_when_another_is_likely_and_it_is_not(name, labels, doubted):
    ladder = Ladder([proposal(disc(18), object_labels=labels), proposal(disc(5), object_labels=[("wheel", 1.0)])])
    found = doubt_name(record(disc(19), object=name), ladder, Doubts())
    assert (found is not None) == doubted
    if found is not None:
        assert (found.kind, found.mask, found.name) == ("name", "m", "car")
        assert 0 < found.sure <= 1
        assert "bus" in found.says
    elsewhere = Ladder([proposal(disc(9, 70, 10), object_labels=[("bus", 1.0)])])
    assert doubt_name(record(disc(19), object="car"), elsewhere, Doubts()) is None


@pytest.mark.parametrize("sloppy", [disc(16), disc(24), disc(20, 44, 32)])
def test_an_outline_beside_the_edge_is_doubted_and_one_on_it_never(sloppy):
    slope = steepness(PICTURE)
    right, wrong = record(disc(20)), record(sloppy)
    found = doubt_outline(wrong, Ladder([proposal(disc(20))]), slope, Doubts())
    assert found is not None
    assert found.kind == "outline"
    assert doubt_outline(right, Ladder([proposal(sloppy)]), slope, Doubts()) is None
    assert doubt_outline(wrong, Ladder([proposal(disc(20), score=0.3)]), slope, Doubts()) is None


@given(st.integers(2, 25), st.integers(1, 78), st.integers(1, 58))
def test_the_outline_of_the_thing_is_the_steepest_and_mirrors_agree(radius, x, y):
    slope, mask = steepness(PICTURE), disc(radius, x, y)
    along = steepness_along(slope, mask)
    assert 0 <= along <= steepness_along(slope, disc(20)) * 1.2
    assert along == pytest.approx(steepness_along(slope[::-1, ::-1], mask[::-1, ::-1]), rel=1e-4, abs=1e-4)


def test_steepness_of_what_has_no_outline_is_nothing():
    flat = np.full((*SIZE, 3), 90, np.uint8)
    assert steepness(flat).max() == 0
    assert steepness(flat[:1, :1]).shape == (1, 1)
    for mask in (np.zeros(SIZE, bool), np.ones(SIZE, bool)):
        assert steepness_along(steepness(PICTURE), mask) == 0


def test_usual_parts_are_shares_of_objects_that_have_them():
    rows = [(str(number), "car", None, None) for number in range(4)]
    rows += [("w0", "car", "wheel", "0"), ("w1", "car", "wheel", "0"), ("w2", "car", "wheel", "1")]
    rows += [("w3", "car", "wheel", "2"), ("d", "car", "door", "3"), ("lost", None, "wheel", "gone")]
    assert usual_parts(rows) == {"car": {"wheel": 0.75, "door": 0.25}}
    assert usual_parts([]) == {}


def test_only_an_object_without_a_usual_part_lacks_it_however_deep_the_part_hangs():
    car = record(disc(20), object="car")
    door = record(disc(9), id="d", kind="part", object="car", part="door", part_of="m")
    handle = record(disc(3), id="h", kind="part", object="car", part="handle", part_of="d")
    usual = {"car": {"door": 0.9, "handle": 0.6, "wheel": 0.6, "mirror": 0.2}}
    assert lacking_parts(car, [car, door, handle], usual, Doubts()) == {"wheel"}
    assert lacking_parts(car, [car], usual, Doubts()) == {"door", "handle", "wheel"}
    assert lacking_parts(door, [car, door], usual, Doubts()) == set()


def test_a_missing_part_is_one_sure_answer_inside_the_object():
    car, inside = record(disc(20), object="car"), disc(6)
    facts = {"part_labels": [("wheel", 0.9)], "part_probability": 0.9}
    sure, less = proposal(inside, **facts), proposal(disc(5), score=0.7, **facts)
    (found,) = doubt_parts(car, [less, sure], {"wheel"}, Doubts())
    assert (found.kind, found.sure) == ("missing part", pytest.approx(0.81))
    assert found.proposal == encode_rle(inside)
    not_so = [
        proposal(disc(6, 75, 50), **facts),
        proposal(disc(19), **facts),
        proposal(inside, score=0.2, **facts),
        proposal(inside, **{**facts, "part_labels": [("door", 0.9)]}),
        proposal(inside, **{**facts, "part_probability": 0.2}),
    ]
    assert doubt_parts(car, not_so, {"wheel"}, Doubts()) == []
