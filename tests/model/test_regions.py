"""Regions of an image: they fill it, they follow edges, and clicks take and leave them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from semsam_annotate.model.config import RankerConfig
from semsam_annotate.model.ranking import Regions, find_regions

SCALES, FINE = RankerConfig().scales, RankerConfig().fine


def halves(height=40, width=60):
    """A dark and a bright half."""
    image = np.full((height, width, 3), 40, np.uint8)
    image[:, width // 2 :] = 210
    return image


@given(arrays(np.uint8, st.tuples(st.integers(1, 33), st.integers(1, 33), st.just(3))))
@settings(max_examples=25)
def test_every_pixel_of_any_image_has_a_region_at_every_scale(image):
    found = find_regions(image, SCALES, FINE)
    assert found.labels.shape == (len(SCALES), *image.shape[:2])
    assert found.labels.dtype == np.int16
    for x, y in ((0.0, 0.0), (0.999, 0.999), (1.0, 1.0)):
        under = found.under([(x, y, 1)])
        assert all(found.mask(scale, numbers).any() for scale, numbers in enumerate(under))
        assert found.sketch(under, 4).shape == (len(SCALES), *(-(-side // 4) for side in image.shape[:2]))


def test_regions_end_where_colours_do():
    found = find_regions(halves(), ((80, 40),), FINE)
    finest = found.mask(0, found.under([(0.1, 0.5, 1)])[0])
    assert finest[:, :26].all()  # smoothing moves edges by three pixels at most
    assert not finest[:, 34:].any()


def test_coarser_scales_have_no_more_regions(photo):
    counts = [len(np.unique(labels)) for labels in find_regions(photo, SCALES, FINE).labels]
    assert counts == sorted(counts, reverse=True)


def test_the_same_image_has_the_same_regions(photo):
    assert np.array_equal(find_regions(photo, SCALES, FINE).labels, find_regions(photo, SCALES, FINE).labels)


def test_no_scales_are_no_regions(photo):
    none = find_regions(photo, (), FINE)
    assert none.under([(0.5, 0.5, 1)]) == []
    assert none.sketch([], 4).shape[0] == 0


@pytest.mark.parametrize(
    ("clicks", "wanted"),
    [
        ([(0.1, 0.5, 1)], [0]),
        ([(0.1, 0.5, 1), (0.9, 0.5, 1)], [0, 2]),
        ([(0.1, 0.5, 1), (0.5, 0.5, 1), (0.9, 0.5, 0)], [0, 1]),
        ([(0.1, 0.5, 1), (0.2, 0.5, 0)], [0]),
        ([(0.1, 0.5, 1), (0.9, 0.5, 0), (0.9, 0.1, 1)], [0]),
    ],
    ids=["one", "joined", "a negative one elsewhere", "never the first click's", "negative wins"],
)
def test_clicks_take_and_leave_regions(clicks, wanted):
    labels = np.repeat(np.array([0, 0, 1, 1, 2, 2], np.int16)[None], 4, 0)
    regions = Regions(labels[None], labels)
    under = regions.under(clicks)
    assert np.array_equal(regions.mask(0, under[0]), np.isin(labels, wanted))
    assert np.array_equal(regions.sketch(under, 1)[0], regions.mask(0, under[0]))


def test_images_of_very_many_regions_keep_them_apart():
    noise = np.random.default_rng(0).integers(0, 255, (260, 260, 3), dtype=np.uint8)
    found = find_regions(noise, (), (0, 1))
    assert found.fine.min() == 0
    assert found.fine.max() > np.iinfo(np.int16).max
