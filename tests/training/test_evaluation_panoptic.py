"""Panoptic quality and mean IoU: their invariants, and examples worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from semsam_annotate.api import BadInput, Segmentation, segments_of
from semsam_annotate.training.evaluation.segmentation import PanopticQuality, SemanticIou, truth_map

NAMES = ("car", "sky", "cat")
maps = arrays(np.int32, (6, 7), elements=st.integers(0, 4))
few = settings(max_examples=25, deadline=None)


def named(labels: np.ndarray, shift: int = 0) -> Segmentation:
    ids = [int(number) for number in np.unique(labels) if number]
    return Segmentation(labels, segments_of(labels, [(number, NAMES[(number + shift) % 3], 1.0) for number in ids]))


def under(labels: np.ndarray, **names: int) -> Segmentation:
    return Segmentation(labels, segments_of(labels, [(number, name[:3], 1.0) for name, number in names.items()]))


def quality(*pairs, stuff=frozenset()) -> PanopticQuality:
    out = PanopticQuality(NAMES, stuff)
    for predicted, truth in pairs:
        out.add(predicted, truth)
    return out


def iou(*pairs) -> SemanticIou:
    out = SemanticIou(NAMES)
    for predicted, truth in pairs:
        out.add(predicted, truth)
    return out


@given(maps)
@few
def test_the_truth_is_perfect(labels):
    pair = (named(labels), named(labels))
    whole = pytest.approx(100.0) if labels.any() else pytest.approx(math.nan, nan_ok=True)
    assert quality(pair).figures() == {"pq": whole, "sq": whole, "rq": whole}
    assert iou(pair).figures() == {"miou": whole}


@given(maps, maps)
@few
def test_bounds_and_product(first, second):
    figures = quality((named(first), named(second))).figures()
    if not math.isnan(figures["pq"]):
        assert 0 <= figures["pq"] <= min(figures["sq"], figures["rq"]) <= 100
    one = [under(labels, **{f"car{n}": int(n) for n in np.unique(labels) if n}) for labels in (first, second)]
    alone = quality(one).figures()
    assert alone["pq"] == pytest.approx(alone["sq"] * alone["rq"] / 100, nan_ok=True)
    assert all(0 <= value <= 100 for value in iou((named(first), named(second))).by_name().values())


@given(maps, maps, st.permutations([1, 2, 3, 4]))
@few
def test_numbers_of_segments_mean_nothing(first, second, order):
    moved = np.array([0, *order], np.int32)[first]
    names = {order[number - 1]: NAMES[number % 3] for number in range(1, 5)}
    renamed = [(int(number), names[int(number)], 1.0) for number in np.unique(moved) if number]
    again = Segmentation(moved, segments_of(moved, renamed))
    for measure in (quality, iou):
        assert measure((again, named(second))).by_name() == measure((named(first), named(second))).by_name()


@given(st.lists(st.tuples(maps, maps), min_size=1, max_size=3), st.data())
@few
def test_an_image_drawn_twice_counts_twice(drawn, data):
    times = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(drawn), max_size=len(drawn))))
    pairs = [(named(first), named(second)) for first, second in drawn]
    repeated = [pair for pair, count in zip(pairs, times, strict=True) for _ in range(count)]
    for measure in (quality, iou):
        expected = measure(*repeated).figures()
        assert measure(*pairs).figures(times) == {key: pytest.approx(v, nan_ok=True) for key, v in expected.items()}


def test_another_name_is_wrong_twice():
    labels = np.ones((4, 4), np.int32)
    found = quality((named(labels, shift=1), named(labels)))
    assert found.by_name() == {"cat": 0, "sky": 0}  # one is wrong, the other missed
    assert found.figures()["pq"] == 0


def test_panoptic_quality_by_hand():
    truth, predicted = np.zeros((10, 10), np.int32), np.zeros((10, 10), np.int32)
    truth[:, :5], truth[:2, 5:] = 1, 4
    predicted[:, :4], predicted[:1, 5:], predicted[8:, 8:] = 1, 4, 2
    # IoU 0.8 matches; 0.5 does not and is wrong and missed; the third lies where the truth says nothing.
    pair = under(predicted, car1=1, car2=4, car3=2), under(truth, car1=1, car2=4)
    figures = quality(pair).figures()
    assert figures == {"pq": pytest.approx(40), "sq": pytest.approx(80), "rq": pytest.approx(50)}
    assert quality(pair).by_name() == {"car": pytest.approx(40)}


def test_stuff_is_one_segment_however_it_is_cut():
    truth, predicted = np.ones((4, 8), np.int32), np.ones((4, 8), np.int32)
    predicted[:, 4:] = 2
    cut, whole = under(predicted, sky1=1, sky2=2), under(truth, sky1=1)
    assert quality((cut, whole)).figures()["pq"] == 0
    assert quality((cut, whole), stuff=frozenset({"sky"})).figures()["pq"] == pytest.approx(100)


def test_mean_iou_by_hand():
    truth, predicted = np.zeros((2, 10), np.int32), np.zeros((2, 10), np.int32)
    truth[0, :6], truth[0, 6:] = 1, 2  # 6 px of car, 4 px of sky, the second row is not labelled
    predicted[0, :4], predicted[0, 4:9], predicted[1] = 1, 2, 3
    # car: 4 of 6 found, none wrong: 4/6. sky: 3 found, 2 of car's pixels wrong, 1 nameless: 3/6. cat is nowhere.
    found = iou((under(predicted, car=1, sky=2, cat=3), under(truth, car=1, sky=2)))
    assert found.by_name() == {"car": pytest.approx(100 * 4 / 6), "sky": pytest.approx(50)}
    assert found.figures()["miou"] == pytest.approx(100 * (4 / 6 + 3 / 6) / 2)


def test_wrong_maps_are_refused():
    for measure in (quality, iou):
        with pytest.raises(BadInput, match="sizes"):
            measure((named(np.ones((2, 2), np.int32)), named(np.ones((3, 2), np.int32))))
        with pytest.raises(BadInput, match="none of the names"):
            measure((under(np.ones((2, 2), np.int32), dog=1), named(np.ones((2, 2), np.int32))))
    for make in (PanopticQuality, SemanticIou):
        with pytest.raises(BadInput, match="at least one name"):
            make([])


def test_a_map_of_masks():
    masks = np.zeros((3, 4, 4), bool)
    masks[0, :2], masks[2, 2:] = True, True
    made = truth_map(masks, ["sky", "cat", "car"])
    assert [(one.id, one.name, one.area) for one in made.segments] == [(1, "sky", 8), (3, "car", 8)]
