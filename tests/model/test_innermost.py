"""The pixel of a mask that a person would click."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from semsam_annotate.api import BadInput
from semsam_annotate.model.innermost import innermost


def box_mask(x0, y0, x1, y1):
    mask = np.zeros((40, 40), bool)
    mask[y0:y1, x0:x1] = True
    return mask


def test_it_is_the_deepest_first_in_row_major_order():
    assert innermost(box_mask(10, 5, 15, 10)) == (12, 7)
    assert innermost(box_mask(10, 5, 14, 9)) == (11, 6)  # four pixels are equally deep: the first row, its first
    assert innermost(box_mask(0, 0, 3, 3)) == (1, 1)  # the image's border counts as outside
    assert innermost(np.ones((1, 1), bool)) == (0, 0)
    with pytest.raises(BadInput):
        innermost(np.zeros((4, 4), bool))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_it_lies_in_the_mask_and_agrees_with_the_whole_picture(seed):
    mask = np.random.default_rng(seed).random((14, 19)) < 0.7
    mask[3, 4] = True
    x, y = innermost(mask)
    depth = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    assert mask[y, x]
    assert y * 19 + x == depth.argmax()
