"""The candidate layer's pixels: drawn in place, and taken away without a trace."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from semsam_annotate.api import Ladder, Proposal
from semsam_annotate.napari.canvas.candidate_values import SHOWN, WIDER, draw_idle, draw_rungs
from semsam_annotate.napari.state.candidate import Candidate

MASKS = hnp.arrays(bool, (9, 11), elements=st.booleans()).filter(np.any)


def proposal(mask):
    rows, columns = np.nonzero(mask)
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    return Proposal(id="p", model="m", score=0.5, stability=0.5, level=3, box=box, mask=mask, part_probability=0.5)


def outline(mask):
    """By its words: pixels of the mask of which a neighbour is not."""
    around = np.pad(mask, 1)
    held = around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]
    return mask & ~held


@given(first=MASKS, second=MASKS)
def test_the_rung_shown_lies_over_the_outlines_of_larger_ones(first, second):
    ladder = Ladder([proposal(first), proposal(first | second)])
    data = np.zeros((9, 11), np.uint8)
    window = draw_rungs(data, Candidate(ladder=ladder))
    wanted = np.zeros_like(data)
    wanted[outline(ladder[1].mask)] = WIDER
    wanted[ladder[0].mask] = SHOWN
    assert np.array_equal(data, wanted)
    data[window] = 0
    assert not data.any()


@given(mask=MASKS)
def test_the_likely_mask_is_outlined(mask):
    data = np.zeros((9, 11), np.uint8)
    window = draw_idle(data, [], proposal(mask))
    assert np.array_equal(data == WIDER, outline(mask))
    data[window] = 0
    assert not data.any()


@pytest.mark.parametrize("likely", [None, proposal(np.ones((3, 3), bool))])
def test_nothing_or_a_mask_of_another_picture_is_not_drawn(likely):
    data = np.zeros((9, 11), np.uint8)
    assert draw_idle(data, [], likely) is None
    assert not data.any()
