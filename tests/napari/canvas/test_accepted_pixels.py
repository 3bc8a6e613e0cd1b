"""Pixels of accepted masks: writing only what changes shows the same as writing everything."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from napari.layers import Labels

from semsam_annotate.api import encode_rle
from semsam_annotate.napari.canvas.accepted_pixels import AcceptedPixels, drawn_values
from semsam_annotate.napari.canvas.accepted_values import LabelValues
from semsam_annotate.napari.state.accepted import AcceptedMask

SIZE = 9, 12
EDGES = st.tuples(*(st.integers(0, edge) for edge in (SIZE[0], SIZE[0], SIZE[1], SIZE[1])))
ITEMS = st.tuples(st.sampled_from("abcdefg"), EDGES, st.booleans(), st.sampled_from([None, "#123456", "#abcdef"]))
PICTURES = st.lists(st.lists(ITEMS, max_size=6, unique_by=lambda item: item[0]), min_size=1, max_size=6)


def accepted(name, edges):
    """A mask of a rectangle without one corner, or an empty one."""
    top, bottom, left, right = edges
    mask = np.zeros(SIZE, bool)
    mask[min(top, bottom) : max(top, bottom), min(left, right) : max(left, right)] = True
    mask[top : top + 1, left : left + 1] = False
    return AcceptedMask(name, "", encode_rle(mask), "car", None, None, 1.0)


def whole(masks, values):
    """What has to be seen, written mask by mask, the smallest last."""
    seen = np.zeros(SIZE, np.int32)
    for mask, value in sorted(zip(masks, values, strict=True), key=lambda pair: -pair[0].area):
        seen[mask.mask] = value
    return seen


class Pictures:
    """One layer that shows one set of masks after another."""

    def __init__(self):
        self.layer, self.values, self.pixels = Labels(np.zeros(SIZE, np.int32)), LabelValues(), AcceptedPixels()
        self.layer.events.paint.connect(self.pixels.doubt)

    def show(self, items):
        """Show these; what has to be seen."""
        masks = [accepted(name, edges) for name, edges, _, _ in items]
        hidden = {name for name, _, is_hidden, _ in items if is_hidden}
        values = self.values.of([colour for *_, colour in items])
        self.pixels.show(self.layer, masks, values, hidden, self.values.new_map(values, [False] * len(items)))
        shown = [(mask, value) for mask, value in zip(masks, values, strict=True) if mask.id not in hidden]
        return whole(*zip(*shown, strict=True)) if shown else np.zeros(SIZE, np.int32)


@given(PICTURES)
def test_what_changes_is_written_as_if_all_were(pictures):
    shown = Pictures()
    for items in pictures:
        np.testing.assert_array_equal(shown.show(items), shown.layer.data)


@given(st.lists(ITEMS, max_size=6, unique_by=lambda item: item[0]), EDGES)
def test_a_rectangle_is_drawn_as_it_is_seen_in_the_whole(items, edges):
    masks = [accepted(name, edges) for name, edges, _, _ in items]
    window = slice(*sorted(edges[:2])), slice(*sorted(edges[2:]))
    numbers = range(1, len(masks) + 1)
    np.testing.assert_array_equal(
        drawn_values(list(zip(masks, numbers, strict=True)), window), whole(masks, numbers)[window]
    )


def test_only_the_rectangle_that_changes_is_read_and_written():
    shown, first, second = Pictures(), ("a", (1, 4, 1, 5), False, None), ("b", (5, 8, 6, 9), False, None)
    shown.show([first])
    elsewhere = shown.layer.data[0, 11] = 77
    shown.show([first, second])
    assert shown.layer.data[0, 11] == elsewhere
    assert shown.layer.data[6, 7] != 0


def test_what_a_person_paints_in_the_layer_is_gone_with_the_next_mask():
    shown, first, second = Pictures(), ("a", (1, 4, 1, 5), False, None), ("b", (5, 8, 6, 9), False, None)
    shown.show([first])
    shown.layer.paint((0, 11), 77)
    assert 77 in shown.layer.data
    np.testing.assert_array_equal(shown.show([first, second]), shown.layer.data)
