"""Calibration, slices and the report: worked out by hand, and against torchmetrics where it measures the same."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.classification import binary_calibration_error

from semsam_annotate.api import BadInput
from semsam_annotate.training.evaluation import ClickRow, EvaluationResult, compare_runs, report
from semsam_annotate.training.evaluation.calibration import Predictions, calibration, calibration_error
from semsam_annotate.training.evaluation.resampling import difference, resampled_intervals
from semsam_annotate.training.evaluation.result import Speed
from semsam_annotate.training.evaluation.rows import Rung
from semsam_annotate.training.evaluation.slices import granularity_of, levels, size_of, slices
from semsam_annotate.training.evaluation.tables import brief_tables, detail_tables


def row(image="a", mask=1, value=0.5, **other):
    fields = {
        "is_part": False, "area": 100, "click": (0, 0), "max": value, "oracle": value, "all": value,
        "granularities": 1, "length": 1, "tau": None, "rungs": (Rung(3, 0.5, value, value),),
    }  # fmt: skip
    return ClickRow(image=image, mask=mask, **{**fields, **other})


def result(*rows, speeds=()):
    return EvaluationResult(tuple(rows), "e", "1", 0, "cpu", speeds)


def test_calibration_by_hand():
    rows = [
        row("a", 1, 0.9, rungs=(Rung(1, 0.85, 0.9, 0.9), Rung(6, 0.25, 0.1, 0.3))),
        row("b", 2, 0.5, rungs=(Rung(1, 0.87, 0.5, 0.7),)),
    ]
    found = calibration(rows)
    # Every rung: bin (0.8, 0.9] holds 0.85 and 0.87 against 0.9 and 0.7; bin (0.2, 0.3] holds 0.25 against 0.3.
    assert found["rungs"]["ece"] == pytest.approx(100 * (abs(1.72 - 1.6) + abs(0.25 - 0.3)) / 3, abs=1e-3)
    assert found["rungs"]["bias"] == pytest.approx(100 * (1.97 - 1.9) / 3, abs=1e-3)
    assert found["rungs"]["spearman"] == 0.5  # ranks 2, 1, 3 and 3, 1, 2: 1 − 6·2 / (3·8)
    # The best scores against the masks meant: 0.85 and 0.87 against 0.9 and 0.5, in the wrong order.
    assert found["chosen"]["ece"] == pytest.approx(100 * (1.72 - 1.4) / 2, abs=1e-3)
    assert (found["chosen"]["n"], found["chosen"]["spearman"]) == (2, -1.0)
    filled = {each["low"]: each for each in found["rungs"]["bins"] if each["n"]}
    assert filled[0.8]["n"] == 2
    assert (filled[0.8]["score"], filled[0.8]["iou"]) == (pytest.approx(86), pytest.approx(80))
    assert calibration([row(rungs=())]) is None


scores = st.floats(0.001, 0.999).filter(lambda value: abs(10 * value - round(10 * value)) > 1e-6)


@given(st.lists(st.tuples(scores, st.booleans()), min_size=1, max_size=40))
@settings(max_examples=40)
def test_calibration_of_right_and_wrong_is_the_published_one(pairs):
    score, right = (np.array(values, np.float64) for values in zip(*pairs, strict=True))
    ours = calibration_error(Predictions(score, right, np.zeros(len(score), np.int64), 1).tallies().sum(axis=0))
    theirs = binary_calibration_error(torch.tensor(score), torch.tensor(right).long(), n_bins=10, norm="l1")
    assert ours == pytest.approx(float(theirs), abs=1e-6)


def test_a_score_that_is_the_iou_is_calibrated():
    rows = [row(str(n), n, n / 20, rungs=(Rung(1, n / 20, n / 20, n / 20),)) for n in range(21)]
    found = calibration(rows)["chosen"]
    assert (found["ece"], found["bias"], found["spearman"]) == (0, 0, 1)
    assert found["ece_ci95"] == [0, 0]
    assert sum(each["n"] for each in found["bins"]) == 21


def test_sizes_and_granularities():
    sizes = [size_of(row(area=area)) for area in (100, 1023, 1024, 9215, 9216)]
    assert sizes == ["small", "small", "medium", "medium", "large"]
    assert granularity_of(row()) == "alone"
    assert granularity_of(row(granularities=3, granularity=2)) == "2 of 3"


def test_slices_share_out_the_masks():
    rows = [
        row("a", 1, 0.2, dataset="x", area=200),
        row("a", 2, 0.4, dataset="x", area=5000, granularities=2, granularity=2, is_part=True),
        row("a", 1, 0.9, dataset="y", area=300),
    ]
    found = slices(rows, rounds=20)
    assert list(found["by_dataset"]) == ["x", "y"]
    assert found["by_dataset"]["x"]["max"] == pytest.approx(30)
    assert (found["by_dataset"]["x"]["max_object"], found["by_dataset"]["x"]["max_part"]) == (20, 40)
    assert found["by_dataset"]["y"]["ci95"]["max"] == [90, 90]
    assert {name: one["n"] for name, one in found["by_size"].items()} == {"small": 2, "medium": 1}
    assert {name: one["images"] for name, one in found["by_size"].items()} == {"small": 2, "medium": 1}
    assert list(found["by_granularity"]) == ["alone", "2 of 2"]
    assert slices([row()], rounds=5)["by_dataset"] == {}


def test_levels_by_hand():
    found = levels(
        [
            row("a", rungs=(Rung(1, 0.4, 0.2, 0.8), Rung(6, 0.6, 0.9, 0.9))),
            row("b", rungs=(Rung(1, 0.6, 0.7, 0.7), Rung(5, 0.1, 0.3, 0.3))),
        ]
    )
    assert found == {
        "1": {"n": 2, "score": 50, "iou": 75, "oracle": 50},
        "5": {"n": 1, "score": 10, "iou": 30, "oracle": 0},
        "6": {"n": 1, "score": 60, "iou": 90, "oracle": 50},
    }


def test_a_report_keeps_prompts_apart_and_travels():
    clicks = [row("a", 1, 0.4), row("b", 2, 0.6)]
    boxes = [row("a", 1, 0.8, prompt="box", box=(0, 0, 9, 9)), row("b", 2, 1.0, prompt="box", box=(0, 0, 9, 9))]
    both = result(*clicks, *boxes, speeds=(Speed(10, 1), Speed(30, 3), Speed(20, 7)))
    figures = report(both, rounds=20)
    assert (figures["prompt"], figures["n"], figures["max"], figures["box"]["max"]) == ("click", 2, 50, 90)
    assert figures["speed"] == {"encode_ms": 20, "prompt_ms": 3, "images": 3, "device": "cpu"}
    assert EvaluationResult.from_json(json.loads(json.dumps(both.to_json()))) == both
    alone = report(result(*boxes), rounds=20)
    assert (alone["prompt"], alone["max"], "box" in alone, alone["speed"]) == ("box", 90, False, None)
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    for table in (*brief_tables(figures), *detail_tables(figures)):
        assert table.rows
        assert all(len(cells) == len(table.headings) for cells in table.rows)
    with pytest.raises(BadInput, match="no rows"):
        report(result())


def test_runs_are_compared_prompt_by_prompt():
    old = result(row("a", 1, 0.4), row("b", 2, 0.6), row("a", 1, 0.5, prompt="box"))
    new = result(row("a", 1, 0.5), row("b", 2, 0.7), row("a", 1, 0.9, prompt="box"))
    between = compare_runs(new, old, rounds=20)
    assert between["click"]["max"] == [pytest.approx(10), pytest.approx(10), pytest.approx(10)]
    assert between["box"]["max"][0] == pytest.approx(40)
    # Every rung says 0.5. Old: masks of 0.4 and 0.6 in one bin, 0 off in the mean; new: 0.5 and 0.7, 10 points off.
    assert between["click"]["ece_chosen"][0] == pytest.approx(10)
    assert compare_runs(old, old, rounds=5)["click"]["ece_rungs"] == [0, 0, 0]
    bare = result(row("a", 1, 0.4, rungs=()), row("b", 2, 0.6, rungs=()))
    assert compare_runs(bare, old, rounds=5)["click"]["ece_rungs"] is None
    assert set(compare_runs(new.only("click"), old, rounds=5)) == {"click"}
    with pytest.raises(BadInput, match="no kind of prompt"):
        compare_runs(new.only("box"), old.only("click"))


def test_rows_of_the_version_before_are_read():
    old = result(row("a", 1, rungs=())).to_json()
    old["format_version"] = 2
    del old["speeds"], old["device"]
    read = EvaluationResult.from_json(json.loads(json.dumps(old)))
    assert (read.rows[0].prompt, read.rows[0].rungs, read.speeds) == ("click", (), ())
    with pytest.raises(BadInput):
        EvaluationResult.from_json({**old, "format_version": 4})
    with pytest.raises(BadInput):
        EvaluationResult.from_json({**old, "rows": [{**old["rows"][0], "rungs": [[1]]}]})


def test_resampled_intervals_of_a_mean_are_those_of_its_bootstrap():
    values = np.array([0.0] * 30 + [1.0] * 10)
    mean = lambda times: {"mean": float((times * values).sum() / times.sum())}  # noqa: E731
    low, high = resampled_intervals(mean, 40, rounds=400)["mean"]
    # Binomial with 40 draws of chance 1/4: mean 0.25, standard deviation 0.068.
    assert 0.25 - 0.18 < low < 0.25 - 0.09
    assert 0.25 + 0.09 < high < 0.25 + 0.18
    assert resampled_intervals(difference(mean, mean), 40, rounds=20) == {"mean": (0, 0)}
    assert all(np.isnan(resampled_intervals(lambda times: {"x": 1.0}, 0)["x"]))
