"""AP of named masks: worked out by hand, what an open file leaves out, and that drawing again is counting again."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from semsam_annotate.training.evaluation.segmentation import AveragePrecision, NamedMask


def box(x0, y0, x1, y1, name="car", score=1.0, crowd=False):
    mask = np.zeros((100, 100), np.uint8, order="F")
    mask[y0:y1, x0:x1] = 1
    return NamedMask(coco_mask.encode(mask), name, score, crowd)


def ap(*images):
    out = AveragePrecision()
    for image in images:
        out.add(*image)
    return out


def test_the_truth_is_perfect():
    figures = ap(([box(0, 0, 50, 50), box(50, 50, 60, 60)], [box(0, 0, 50, 50), box(50, 50, 60, 60)])).figures()
    assert [figures[key] for key in ("ap", "ap50", "ap_small", "ap_medium")] == pytest.approx([100] * 4)
    assert math.isnan(figures["ap_large"])


def test_average_precision_by_hand():
    truths = [box(0, 0, 40, 10), box(0, 50, 40, 60)]
    # Best score: IoU 0.8 with the first (thresholds 0.5 … 0.8); then one on nothing; then the second exactly.
    found = [box(0, 0, 32, 10, score=0.9), box(60, 60, 90, 90, score=0.8), box(0, 50, 40, 60, score=0.7)]
    figures = ap((found, truths)).figures()
    # Up to 0.8: precision 1 up to recall 1/2 (51 of 101 points), then 2/3. Above: one hit of three up to recall 1/2.
    low, high = (51 + 50 * 2 / 3) / 101, (51 / 3) / 101
    assert figures["ap50"] == pytest.approx(100 * low)
    assert figures["ap75"] == pytest.approx(100 * low)
    assert figures["ap"] == pytest.approx(100 * (7 * low + 3 * high) / 10)
    assert figures["ar100"] == pytest.approx(100 * (7 * 1 + 3 * 0.5) / 10)
    assert figures["ar1"] == pytest.approx(100 * 7 * 0.5 / 10)


def test_names_weigh_the_same_and_must_be_right():
    truths = [box(0, 0, 20, 20, "car"), box(50, 0, 70, 20, "cat"), box(50, 50, 70, 70, "cat")]
    assert ap(([box(0, 0, 20, 20, "car")], truths)).figures()["ap"] == pytest.approx(50)
    assert ap(([box(0, 0, 20, 20, "dog")], truths)).figures()["ap"] == 0
    assert ap(([], truths)).figures()["ap"] == 0
    assert all(math.isnan(value) for value in ap(([box(0, 0, 9, 9)], [])).figures().values())


def test_a_crowd_is_neither_found_nor_missed():
    truths = [box(0, 0, 20, 20), box(50, 50, 100, 100, crowd=True)]
    found = [box(60, 60, 70, 70, score=0.9), box(0, 0, 20, 20, score=0.5)]
    assert ap((found, truths)).figures()["ap"] == pytest.approx(100)


def test_what_a_file_leaves_open_does_not_count():
    truths = [box(0, 0, 20, 20, "car")]
    found = [box(60, 60, 80, 80, "car", 0.9), box(0, 0, 20, 20, "car", 0.5), box(50, 0, 60, 10, "cat", 0.4)]
    with_cat = ([box(0, 0, 9, 9, "cat", 0.2)], [box(0, 0, 9, 9, "cat")])
    whole = ap((found, truths, None), with_cat).figures()["ap"]
    # "car" 0.5 (a wrong one comes first), "cat" 0.5 likewise; not looked for: the cat counts for nothing.
    assert whole == pytest.approx(50)
    assert ap((found, truths, frozenset()), with_cat).figures()["ap"] == pytest.approx(75)
    assert ap((found, truths, frozenset({"cat"})), with_cat).figures()["ap"] == pytest.approx(50)
    # More cars than were drawn: the car on nothing may be one of them.
    assert ap((found, truths, frozenset(), frozenset({"car"})), with_cat).figures()["ap"] == pytest.approx(100)


places = st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from("ab"))
images = st.tuples(
    st.lists(st.tuples(places, st.floats(0.01, 1)), max_size=4), st.lists(places, min_size=1, max_size=3)
)


@given(st.lists(st.tuples(images, st.integers(0, 2)), min_size=1, max_size=4))
@settings(max_examples=25)
def test_drawing_again_is_counting_again(drawn):
    made = [
        (
            [box(10 * x, 10 * y, 10 * x + 15, 10 * y + 12, name, score) for (x, y, name), score in found],
            [box(10 * x, 10 * y, 10 * x + 12, 10 * y + 12, name) for x, y, name in truths],
        )
        for (found, truths), _ in drawn
    ]
    times = np.array([count for _, count in drawn])
    again = ap(*(image for image, count in zip(made, times, strict=True) for _ in range(count))).figures()
    resampled = ap(*made).figures(times)
    assert resampled == {key: pytest.approx(again[key], nan_ok=True) for key in ("ap", "ap50", "ap75")}


def test_order_of_detections_means_nothing():
    truths = [box(0, 0, 40, 10), box(0, 50, 40, 60)]
    found = [box(0, 0, 32, 10, score=0.9), box(60, 60, 90, 90, score=0.8), box(0, 50, 40, 60, score=0.7)]
    assert ap((found, truths)).figures() == pytest.approx(ap((found[::-1], truths[::-1])).figures(), nan_ok=True)
