"""Masks over each other as images of numbers: none is lost, parents are told by number."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from semsam_annotate.api import encode_rle
from semsam_annotate.napari.state.accepted import AcceptedMask
from semsam_annotate.napari.state.label_planes import MOST_PLANES, label_planes, mask_table, number_of

SIZE = (8, 9)


def mask(id, rows, columns, part_of=None, part=None):
    pixels = np.zeros(SIZE, bool)
    pixels[slice(*rows), slice(*columns)] = True
    return AcceptedMask(str(id), str(id), encode_rle(pixels), "car", part, part_of, 0.5)


@st.composite
def masks(draw):
    made = []
    for number in range(draw(st.integers(0, 8))):
        (top, left), (height, width) = (draw(st.tuples(st.integers(0, 6), st.integers(0, 6))) for _ in range(2))
        parent = draw(st.sampled_from([None, *(other.id for other in made), "gone"]))
        window = (top, top + height + 1), (left, left + width + 1)
        made.append(mask(number, *window, parent, draw(st.sampled_from([None, "wheel"]))))
    return made


@settings(deadline=None)
@given(masks())
def test_every_mask_is_in_exactly_one_plane_whole(made):
    planes, left = label_planes(made, SIZE)
    assert left == 0
    numbers = number_of(made)
    drawn = {shown.id: plane.labels == value for plane in planes for value, shown in plane.masks.items()}
    assert sum(len(plane.masks) for plane in planes) == len(made)
    assert {value for plane in planes for value in plane.masks} == set(numbers.values())
    for one in made:
        assert np.array_equal(drawn[one.id], one.mask)
    assert len({plane.name for plane in planes}) == len(planes)


def test_levels_have_names_and_tables_tell_parents():
    car, wheel = mask("car", (0, 8), (0, 9)), mask("wheel", (0, 4), (0, 4), "car", "wheel")
    rim, door = mask("rim", (1, 3), (1, 3), "wheel", "rim"), mask("door", (3, 6), (3, 6), "car", "door")
    alone = mask("alone", (7, 8), (7, 8), "gone", "lamp")
    made = [car, wheel, rim, door, alone]
    planes, _ = label_planes(made, SIZE)
    assert [plane.name for plane in planes] == ["objects", "parts", "parts 2", "parts of parts"]
    assert [list(plane.masks) for plane in planes] == [[1], [2, 5], [4], [3]]
    table = mask_table(planes[1].masks, number_of(made))
    assert table["index"] == [0, 2, 5]
    assert table["part_of"] == [0, 1, 0]
    assert table["part"] == ["", "wheel", "lamp"]


def test_more_masks_than_planes_are_counted():
    made = [mask(number, (0, 2), (0, 2)) for number in range(MOST_PLANES + 5)]
    planes, left = label_planes(made, SIZE)
    assert (len(planes), left) == (MOST_PLANES, 5)
