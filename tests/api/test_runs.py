"""Masks as runs do what arrays do."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from semsam_annotate.api import decode_rle, encode_rle
from semsam_annotate.api.runs import Runs

size = st.tuples(st.integers(1, 9), st.integers(1, 9))
mask = size.flatmap(lambda shape: arrays(bool, shape))
two = size.flatmap(lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape)))


@given(mask)
def test_there_and_back(mask):
    runs = Runs.of(mask)
    assert np.array_equal(runs.mask(), mask)
    assert runs.to_rle() == encode_rle(mask)
    again = Runs.from_rle(encode_rle(mask))
    assert np.array_equal(again.starts, runs.starts)
    assert np.array_equal(again.ends, runs.ends)
    assert runs.area == mask.sum()
    rows, columns = np.nonzero(mask)
    edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else (0, 0, 0, 0)
    assert runs.box == edges


@given(mask, st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_placed_in_a_larger_image(mask, top, left, below, right):
    large = np.pad(mask, ((top, below), (left, right)))
    runs = Runs.of(mask, large.shape, top, left)
    assert np.array_equal(runs.mask(), large)
    assert np.array_equal(decode_rle(runs.to_rle()), large)


@given(two, st.integers(-2, 9), st.integers(-2, 9), st.integers(-2, 11), st.integers(-2, 11))
def test_sets(pair, top, left, bottom, right):
    first, second = pair
    one, other = Runs.of(first), Runs.of(second)
    assert one.shared(other) == (first & second).sum() == other.shared(one)
    assert np.array_equal(one.union([other]).mask(), first | second)
    assert np.array_equal(one.minus(other).mask(), first & ~second)
    window = np.zeros_like(first)
    window[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = True
    assert np.array_equal(one.within(top, left, bottom, right).mask(), first & window)


def test_the_largest_images():
    corner = Runs.of(np.ones((3, 2), bool), (20_000, 20_000), 19_997, 19_998)
    assert corner.box == (19_998, 19_997, 20_000, 20_000)
    assert Runs.from_rle(corner.to_rle()).area == 6
    assert len(corner.to_rle()["counts"]) < 40
