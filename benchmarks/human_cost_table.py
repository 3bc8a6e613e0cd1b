"""The figures of ``human_cost``: actions and seconds a mask, their ratio and difference with intervals over images."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from kept_rows import Rows
from keystrokes import SECONDS, TYPISTS, seconds

from semsam_annotate.training.evaluation.bootstrap import bootstrap_interval, paired_bootstrap
from semsam_annotate.training.evaluation.resampling import Times, resampled_intervals

ARMS = ("ladder", "one")
TARGET = 0.5
"""Seconds of the ladder, as a share of those of one mask a click."""

Cost = Callable[[dict[str, Any], str], float]
"""Of a row, and "ladder", "one" or "bare_ladder"."""


def table(rows: Rows) -> dict[str, Any]:
    """Figures of all masks, of parts and of objects; seconds of every typist beside."""
    kinds = {
        "all": rows,
        "parts": [row for row in rows if row["part"]],
        "objects": [row for row in rows if not row["part"]],
    }
    return {name: _of(some) for name, some in kinds.items() if some}


def _of(rows: Rows) -> dict[str, Any]:
    told: dict[str, Any] = {"masks": len(rows), "images": len({row["image"] for row in rows})}
    for arm in (*ARMS, "bare_ladder"):
        told[arm] = {"seconds": _mean(rows, _seconds(SECONDS["K"]), arm), "actions": _mean(rows, _actions, arm)}
    for arm in ARMS:
        for fact in ("clicks", "strokes", "iou"):
            told[arm][fact] = round(float(np.mean([row[f"{arm}_{fact}"] for row in rows])), 3)
        told[arm]["good_without_brush"] = round(float(np.mean([row[f"{arm}_strokes"] == 0 for row in rows])), 3)
    for new in ("ladder", "bare_ladder"):
        told[f"{new} / one"] = {
            **{f"seconds, {name}": _ratio(rows, _seconds(key), new) for name, key in TYPISTS.items()},
            "actions": _ratio(rows, _actions, new),
            "seconds less": _difference(rows, _seconds(SECONDS["K"]), new),
        }
        most = told[f"{new} / one"]["seconds, average skilled typist"][0]
        told[f"{new} / one"] |= {"bar": f"<= {TARGET}", "met": most <= TARGET}
    return told


def _seconds(key: float) -> Cost:
    return lambda row, arm: seconds({name: row[f"{arm}_{name}"] for name in SECONDS}, key)


def _actions(row: dict[str, Any], arm: str) -> float:
    return float(row[f"{arm}_actions"])


def _mean(rows: Rows, cost: Cost, arm: str) -> list[float]:
    """[mean, low, high]."""
    values = [cost(row, arm) for row in rows]
    return _rounded([float(np.mean(values)), *bootstrap_interval(values, _images(rows))])


def _difference(rows: Rows, cost: Cost, new: str) -> list[float]:
    """Of one mask a click minus ``new``: [mean, low, high], paired by mask."""
    both = ([cost(row, arm) for row in rows] for arm in ("one", new))
    return _rounded(paired_bootstrap(*both, _images(rows)))


def _ratio(rows: Rows, cost: Cost, new: str) -> list[float]:
    """Sum of ``new`` by the sum of one mask a click, [ratio, low, high]; an image is drawn with both."""
    images = {name: number for number, name in enumerate(dict.fromkeys(_images(rows)))}
    sums = np.zeros((2, len(images)))
    for row in rows:
        sums[:, images[row["image"]]] += cost(row, new), cost(row, "one")

    def figures(times: Times) -> dict[str, float]:
        ours, theirs = sums @ times
        return {"ratio": float(ours / theirs) if theirs else float("nan")}

    whole = figures(np.ones(len(images), np.int64))["ratio"]
    return _rounded([whole, *resampled_intervals(figures, len(images), rounds=2000)["ratio"]])


def _images(rows: Rows) -> list[str]:
    return [row["image"] for row in rows]


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(float(value), 3) for value in values]
