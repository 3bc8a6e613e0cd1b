"""Holes are filled and islands dropped, but never the largest island, and the outside is no hole."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import label

from semsam_annotate.model.engine.cleaning import clean, clean_all

MASKS = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24), elements=st.booleans())


@given(mask=MASKS, smallest=st.integers(0, 40))
def test_invariants(mask, smallest):
    cleaned = clean(mask, smallest)
    assert cleaned.shape == mask.shape
    assert cleaned.any() == mask.any()
    sizes = np.bincount(label(cleaned, np.ones((3, 3)))[0].ravel())[1:]
    assert len(sizes) <= 1 or sizes.min() >= smallest
    np.testing.assert_array_equal(clean(cleaned, smallest), cleaned)


def by_pixels(mask, smallest):
    """The same rule on label maps of the whole picture."""
    framed = np.pad(mask, 1)
    holes, _ = label(~framed, np.ones((3, 3)))
    sizes = np.bincount(holes.ravel())
    small = sizes < smallest
    small[[0, holes[0, 0]]] = False
    framed |= small[holes]
    islands, _ = label(framed, np.ones((3, 3)))
    sizes = np.bincount(islands.ravel())
    sizes[0] = 0
    small = sizes < smallest
    small[[0, sizes.argmax()]] = False
    return (framed & ~small[islands])[1:-1, 1:-1]


@given(mask=MASKS, smallest=st.integers(0, 40))
def test_same_as_label_maps(mask, smallest):
    np.testing.assert_array_equal(clean(mask, smallest), by_pixels(mask, smallest))


@given(masks=st.lists(MASKS, max_size=4), smallest=st.integers(0, 40))
def test_many_at_once_are_cleaned_as_one_by_one(masks, smallest):
    kept = [mask.copy() for mask in masks]
    for found, mask in zip(clean_all(masks, smallest), kept, strict=True):
        np.testing.assert_array_equal(found, by_pixels(mask, smallest))
    for mask, before in zip(masks, kept, strict=True):
        np.testing.assert_array_equal(mask, before)


@given(mask=MASKS)
def test_nothing_is_too_small_for_size_one(mask):
    np.testing.assert_array_equal(clean(mask, 1), mask)


def test_holes_and_islands():
    mask = np.zeros((60, 60), bool)
    mask[5:50, 5:50] = True
    mask[10:15, 10:15] = False  # a small hole
    mask[20:32, 20:32] = False  # a large one
    mask[55:58, 55:58] = True  # a small island
    cleaned = clean(mask)
    assert cleaned[12, 12]
    assert not cleaned[25, 25]
    assert not cleaned[56, 56]


def test_the_largest_island_stays():
    mask = np.zeros((40, 40), bool)
    mask[3:6, 3:6] = mask[20:24, 20:24] = True
    cleaned = clean(mask)
    assert cleaned.sum() == 16
    assert cleaned[22, 22]


def test_a_notch_is_outside_however_small_it_is():
    mask = np.zeros((20, 20), bool)
    mask[2:12, 2:12] = True
    mask[4:11, 4:11] = False  # a hole larger than all of the outside in the mask's box
    mask[2:5, 2] = False  # a notch
    cleaned = clean(mask)
    assert cleaned[4:11, 4:11].all()
    assert not cleaned[2:5, 2].any()
