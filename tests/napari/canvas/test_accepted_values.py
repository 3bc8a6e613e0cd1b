"""Values of accepted masks: which colour is seen where, and when napari has to draw everything anew."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.annotations.palette import PALETTE
from semsam_annotate.napari.canvas.accepted_values import AHEAD, LabelValues

COLOURS = st.lists(st.none() | st.sampled_from(["#123456", "#abcdef", *PALETTE]), max_size=40)


def seen(colour_map, value):
    """ "#rrggbb" that a value is drawn in."""
    red, green, blue, _ = (np.asarray(colour_map.color_dict[value]) * 255).round().astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"


@given(st.lists(COLOURS, min_size=1, max_size=5))
def test_every_mask_is_seen_in_its_colour_whatever_came_before(pictures):
    values, shown = LabelValues(), None
    for colours in pictures:
        numbers = values.of(colours)
        assert len(set(numbers)) == len(colours)
        assert all(number > 0 for number in numbers)
        shown = values.new_map(numbers, [False] * len(numbers)) or shown
        assert all(colour in (None, seen(shown, number)) for number, colour in zip(numbers, colours, strict=True))


def test_masks_to_come_need_no_new_map_until_they_are_used_up():
    values, colours = LabelValues(), ["#123456"]
    assert values.new_map(values.of(colours), [False]) is not None
    for _ in range(AHEAD):
        colours.append(PALETTE[len(colours) % len(PALETTE)])
        assert values.new_map(values.of(colours), [False] * len(colours)) is None
    assert values.new_map(values.of([*colours, None]), [False] * (len(colours) + 1)) is not None


def test_a_selected_mask_is_white_and_the_others_faint_until_it_is_selected_no_more():
    values = LabelValues()
    numbers = values.of(["#123456", "#abcdef"])
    values.new_map(numbers, [False, False])
    chosen = values.new_map(numbers, [False, True])
    assert seen(chosen, numbers[1]) == "#ffffff"
    assert chosen.color_dict[numbers[0]][3] == pytest.approx(0.35, abs=0.01)
    again = values.new_map(numbers, [False, False])
    assert seen(again, numbers[1]) == "#abcdef"
    assert again.color_dict[numbers[0]][3] == 1.0
