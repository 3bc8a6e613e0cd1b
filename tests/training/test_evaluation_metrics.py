"""Metrics: cases worked out by hand, and what must hold for any ladder."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsam_annotate.api import BadInput, Ladder, Proposal, encode_rle
from semsam_annotate.training.evaluation import EvaluationResult, compare, summarize
from semsam_annotate.training.evaluation.bootstrap import bootstrap_interval, grouped_mean, paired_bootstrap
from semsam_annotate.training.evaluation.clicks import correction_click
from semsam_annotate.training.evaluation.rows import (
    ClickRow,
    all_granularity,
    granularities,
    label_rank,
    level_order,
    measure,
)
from semsam_annotate.training.evaluation.sample import TruthMask


def box_mask(x0, y0, x1, y1, size=(40, 40)):
    mask = np.zeros(size, bool)
    mask[y0:y1, x0:x1] = True
    return mask


def proposal(mask, score=0.5, level=3, **labels):
    return Proposal(
        id=f"{score}-{level}", model="m", score=score, stability=1, level=level, box=(0, 0, 1, 1), mask=mask, **labels
    )


def row(image="a", mask=1, value=0.5, **other):
    fields = {
        "is_part": False, "area": 100, "click": (0, 0), "max": value, "oracle": value, "all": value,
        "granularities": 1, "length": 6, "tau": -1.0,
    }  # fmt: skip
    return ClickRow(image=image, mask=mask, **{**fields, **other})


def result(*rows):
    return EvaluationResult(tuple(rows), "e", "1", 0)


def test_correction_goes_where_the_largest_error_is():
    truth = box_mask(10, 10, 30, 30)
    assert correction_click(truth, truth) is None
    assert correction_click(box_mask(10, 10, 15, 30), truth) == ((22, 17), 1)
    assert correction_click(box_mask(10, 10, 40, 30), truth) == ((34, 14), 0)
    (x, y), label = correction_click(np.zeros_like(truth), truth)
    assert truth[y, x]
    assert label == 1


def test_masks_of_nearly_one_shape_are_one_granularity():
    ious = np.array([[1, 0.95, 0.2], [0.95, 1, 0.3], [0.2, 0.3, 1]])
    assert granularities([0, 1, 2], ious) == [0, 2]
    assert granularities([1, 2], ious) == [1, 2]
    assert granularities([0, 1], np.array([[1, 0.9], [0.9, 1]])) == [0, 1]  # 0.9 itself is not above 0.9


def test_all_granularity_by_hand():
    # Rung 0 fits truth 0 at 0.8 and truth 1 at 0.7; rung 1 fits truth 0 at 0.6. Greedy would take 0.8 + 0.0;
    # the best matching is 0.7 + 0.6, over two truths: 0.65.
    assert all_granularity(np.array([[0.8, 0.7], [0.6, 0.0]])) == pytest.approx(0.65)
    # Three truths, one rung: 0.9 / 3.
    assert all_granularity(np.array([[0.3, 0.9, 0.1]])) == pytest.approx(0.3)
    # Eight truths and six perfect rungs: 6 / min(6, 8).
    assert all_granularity(np.eye(8)[:6]) == pytest.approx(1.0)


def test_one_click_by_hand():
    truth = TruthMask(7, {}, True, "car", "wheel")
    ladder = Ladder(
        [
            proposal(box_mask(0, 0, 5, 5), score=0.9, level=6),
            proposal(
                box_mask(0, 0, 10, 10),
                score=0.6,
                level=5,
                object_labels=[("dog", 0.5), ("car", 0.3)],
                part_labels=[("wheel", 0.7)],
            ),
            proposal(box_mask(0, 0, 20, 10), score=0.7, level=1),
        ]
    )
    # The truth is 10 x 10 = 100 px: 25/100, 100/100, 100/200. Another truth of 20 x 20 px: 25/400, 100/400, 200/400.
    own = np.array([0.25, 1.0, 0.5])
    group = np.stack([own, [0.0625, 0.25, 0.5]], axis=1)
    measured = measure("x.jpg", truth, 100, (4, 4), ladder, own, group)
    assert (measured.max, measured.oracle, measured.length) == (0.25, 1.0, 3)
    assert measured.all == pytest.approx((1.0 + 0.5) / 2)
    assert measured.tau == pytest.approx(-1.0)
    assert (measured.object_rank, measured.part_rank) == (1, 0)


@given(st.permutations(range(5)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_proposals_changes_nothing(order):
    truth = TruthMask(1, {}, False, None, None)
    masks = [box_mask(0, 0, side, side) for side in (4, 8, 16, 20, 30)]
    ladder = Ladder([proposal(masks[index], score=0.1 * index, level=5 - index) for index in order])
    own = np.array([(m := item.mask & masks[2]).sum() / (item.mask | masks[2]).sum() for item in ladder])
    assert m is not None
    measured = measure("x", truth, 256, (1, 1), ladder, own, own[:, None])
    assert (measured.oracle, measured.all) == (1.0, 1.0)
    assert measured.max == pytest.approx(256 / 900)


def test_level_order_and_ranks():
    masks = [box_mask(0, 0, side, side) for side in (4, 8)]
    assert level_order(Ladder([proposal(masks[0], level=1), proposal(masks[1], level=6)])) == 1.0
    assert level_order(Ladder([proposal(masks[0])])) is None
    assert label_rank([("a", 0.5), ("b", 0.2)], "b") == 1
    assert label_rank([("a", 0.5)], "b") == -1
    assert label_rank([], "b") is None
    assert label_rank([("a", 0.5)], None) is None


def test_summary_by_hand():
    figures = summarize(
        result(
            row("a", 1, 0.2, all=0.4, granularities=2, object="cat", object_rank=0),
            row("a", 2, 0.4, object="cat", object_rank=3),
            row("b", 3, 0.9, is_part=True, object="dog", part="ear", object_rank=0, part_rank=-1),
            row("b", 4, 0.5, object="dog", object_rank=0),
        ),
        rounds=50,
    )
    assert figures["max"] == pytest.approx(50.0)
    assert figures["max_object"] == pytest.approx(100 * 1.1 / 3, abs=1e-3)
    assert figures["max_part"] == pytest.approx(90.0)
    assert figures["all_multi"] == pytest.approx(40.0)
    assert figures["all_multi_part"] is None
    assert figures["ci95"]["all_multi_part"] is None
    # cat, cat, dog: one cat and the dog are right. Micro 2/3; macro (1/2 + 1/1) / 2; always "cat" gets 2/3.
    assert figures["label_object_top1"] == pytest.approx(100 * 2 / 3, abs=1e-3)
    assert figures["label_object_top5"] == pytest.approx(100.0)
    assert figures["label_object_top1_macro"] == pytest.approx(75.0)
    assert figures["label_object_top1_majority"] == pytest.approx(100 * 2 / 3, abs=1e-3)
    assert figures["label_object_top1_macro_majority"] == pytest.approx(50.0)
    assert (figures["label_part_top1"], figures["label_owner_top1"]) == (0.0, 100.0)
    assert (figures["n"], figures["n_object"], figures["n_part"], figures["images"]) == (4, 3, 1, 2)
    low, high = figures["ci95"]["max"]
    assert 30 <= low <= 50 <= high <= 70  # image a alone has mean 30, b alone 70


def test_every_promised_key_is_there():
    figures = summarize(result(row()), rounds=10)
    for key in ("max", "oracle", "all", "all_multi"):
        assert {key, f"{key}_object", f"{key}_part"} <= figures.keys()
        assert key in figures["ci95"]
    for side in ("object", "part"):
        for top in ("top1", "top5"):
            assert {f"label_{side}_{top}{end}" for end in ("", "_macro", "_majority")} <= figures.keys()
    assert figures["max"] == 50.0
    assert {"n", "ci95", "ladder_length", "kendall_tau"} <= figures.keys()


def test_a_perfect_ladder_gets_a_hundred():
    figures = summarize(result(*(row(image, mask, 1.0) for image in "abc" for mask in range(4))), rounds=20)
    assert figures["max"] == figures["oracle"] == figures["all"] == 100
    assert figures["ci95"]["max"] == [100, 100]


def test_bootstrap_of_equal_runs_is_zero():
    rng = np.random.default_rng(0)
    values, groups = rng.random(60), [index // 5 for index in range(60)]
    assert paired_bootstrap(values, values, groups, rounds=100) == (0.0, 0.0, 0.0)
    mean, low, high = paired_bootstrap(values + 0.1, values, groups, rounds=100)
    assert mean == pytest.approx(0.1)
    assert low == pytest.approx(high)


def test_bootstrap_resamples_images_not_clicks():
    # Two images, all clicks of each alike: the mean of a resample is 0, 1/2 or 1, whatever the number of clicks.
    low, high = bootstrap_interval([0.0] * 500 + [1.0] * 500, ["a"] * 500 + ["b"] * 500, rounds=400)
    assert (low, high) == (0.0, 1.0)
    same = (
        bootstrap_interval([0.1, 0.9, 0.4], ["a", "b", "c"], seed=3),
        bootstrap_interval([0.1, 0.9, 0.4], ["a", "b", "c"], seed=3),
    )
    assert same[0] == same[1]


def test_missing_values_do_not_count():
    assert grouped_mean([1.0, math.nan, 3.0]) == 2.0
    assert grouped_mean([1.0, 0.0, 0.0, math.nan], ["x", "x", "y", "z"]) == 0.25
    assert math.isnan(grouped_mean([math.nan]))
    assert all(math.isnan(bound) for bound in bootstrap_interval([math.nan], ["a"]))
    mean, _, _ = paired_bootstrap([1.0, math.nan, 1.0], [0.0, 0.0, math.nan], ["a", "b", "c"], rounds=10)
    assert mean == 1.0
    with pytest.raises(BadInput):
        paired_bootstrap([1.0], [1.0, 2.0], ["a", "b"])


def test_comparing_needs_the_same_clicks():
    old = result(row("a", 1, 0.2), row("b", 2, 0.4))
    new = result(row("b", 2, 0.6), row("a", 1, 0.3))  # the order does not matter
    assert compare(new, old, rounds=50)["max"][0] == pytest.approx(15.0)
    assert compare(new, new, rounds=50)["oracle"] == [0, 0, 0]
    assert compare(new, old, rounds=50)["max_part"] is None
    with pytest.raises(BadInput, match="different masks"):
        compare(result(row("a", 1)), old)


def test_results_travel_through_json():
    import json

    rows = result(row("a", 1, 0.25, object="cat", object_rank=0, tau=None), row("b", 2, later=(0.75, 0.8)))
    assert EvaluationResult.from_json(json.loads(json.dumps(rows.to_json()))) == rows
    for damaged in ({}, [], {**rows.to_json(), "rows": [{}]}, {**rows.to_json(), "rows": 3}):
        with pytest.raises(BadInput):
            EvaluationResult.from_json(damaged)


def test_masks_may_be_lossless_only():
    mask = box_mask(3, 4, 9, 30)
    assert np.array_equal(TruthMask(1, _segment(mask), False, None, None).mask(), mask)


def _segment(mask):
    rle = encode_rle(mask)
    return {**rle, "counts": rle["counts"].encode()}
