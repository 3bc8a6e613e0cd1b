"""Panoptic quality: its invariants, and the worked example of its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from semsam_annotate.api import BadInput, Segmentation, segments_of
from semsam_annotate.training.evaluation.panoptic import PanopticQuality, truth_map

NAMES = ("car", "sky", "cat")
maps = arrays(np.int32, (6, 7), elements=st.integers(0, 4))


def named(labels: np.ndarray, shift: int = 0) -> Segmentation:
    ids = [int(number) for number in np.unique(labels) if number]
    return Segmentation(labels, segments_of(labels, [(number, NAMES[(number + shift) % 3], 1.0) for number in ids]))


def quality(predicted: Segmentation, truth: Segmentation) -> PanopticQuality:
    out = PanopticQuality()
    out.add(predicted, truth)
    return out


@given(maps)
def test_the_truth_is_perfect(labels):
    found = quality(named(labels), named(labels))
    assert not labels.any() or (found.pq, found.sq, found.rq) == (100, 100, 100)


@given(maps, maps)
def test_bounds_and_product(first, second):
    found = quality(named(first), named(second))
    for tally in found.classes.values():
        assert 0 <= tally.quality <= tally.recognised <= 1
        assert tally.quality == pytest.approx(tally.recognised * tally.iou / max(tally.matched, 1))


@given(maps, maps, st.permutations([1, 2, 3, 4]))
def test_numbers_of_segments_mean_nothing(first, second, order):
    moved = np.array([0, *order], np.int32)[first]
    names = {order[number - 1]: NAMES[number % 3] for number in range(1, 5)}
    renamed = [(int(number), names[int(number)], 1.0) for number in np.unique(moved) if number]
    again = quality(Segmentation(moved, segments_of(moved, renamed)), named(second))
    before = quality(named(first), named(second))
    assert {k: vars(v) for k, v in again.classes.items()} == {k: vars(v) for k, v in before.classes.items()}


def test_another_name_is_wrong_twice():
    labels = np.ones((4, 4), np.int32)
    found = quality(named(labels, shift=1), named(labels))
    assert sum(tally.wrong for tally in found.classes.values()) == 1
    assert sum(tally.missed for tally in found.classes.values()) == 1
    assert found.pq == 0


def test_a_worked_example():
    truth, predicted = np.zeros((10, 10), np.int32), np.zeros((10, 10), np.int32)
    truth[:, :5], truth[:2, 5:] = 1, 4
    predicted[:, :4], predicted[:1, 5:], predicted[8:, 8:] = 1, 4, 2
    found = quality(
        Segmentation(predicted, segments_of(predicted, [(1, "car", 1.0), (4, "car", 1.0), (2, "car", 1.0)])),
        Segmentation(truth, segments_of(truth, [(1, "car", 1.0), (4, "car", 1.0)])),
    )
    # IoU 0.8 matches; 0.5 does not and is wrong and missed; the third lies where the truth says nothing.
    assert found.classes["car"].matched == 1
    assert (found.classes["car"].wrong, found.classes["car"].missed) == (1, 1)
    assert found.pq == pytest.approx(100 * 0.8 / 2)


def test_sizes_must_agree():
    with pytest.raises(BadInput, match="sizes"):
        quality(named(np.ones((2, 2), np.int32)), named(np.ones((3, 2), np.int32)))


def test_a_map_of_masks():
    masks = np.zeros((3, 4, 4), bool)
    masks[0, :2], masks[2, 2:] = True, True
    made = truth_map(masks, ["sky", "cat", "car"])
    assert [(one.id, one.name, one.area) for one in made.segments] == [(1, "sky", 8), (3, "car", 8)]
