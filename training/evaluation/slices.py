"""The figures apart: for each data set, each size of mask, each granularity, and each level of the ladder."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from semsam_annotate.training.evaluation.bootstrap import ROUNDS
from semsam_annotate.training.evaluation.measure import Measure
from semsam_annotate.training.evaluation.metrics import DIGITS, all_measures, means
from semsam_annotate.training.evaluation.rows import RUNGS, ClickRow

SMALL, MEDIUM = 32**2, 96**2
"""COCO's bounds of area in pixels: small lies below the first, large from the second on."""

SHOWN = tuple(f"{key}{kind}" for key in ("max", "oracle", "all") for kind in ("", "_object", "_part"))
LABELS = ("label_object_top1", "label_part_top1", "label_owner_top1")

_Slice = Callable[[ClickRow], str]


def size_of(row: ClickRow) -> str:
    """COCO's word for the area of the mask: small, medium or large."""
    return "small" if row.area < SMALL else "medium" if row.area < MEDIUM else "large"


def granularity_of(row: ClickRow) -> str:
    """Of how many masks under the click this is which: "alone", or "2 of 3" counted from the largest."""
    return "alone" if row.granularities == 1 else f"{row.granularity} of {row.granularities}"


def slices(rows: Sequence[ClickRow], seed: int = 0, rounds: int = ROUNDS) -> dict[str, Any]:
    """``by_dataset``, ``by_size``, ``by_granularity``: name to figures with ``n``, ``images``, ``ci95``.

    ``by_level`` is ``levels``; ``by_dataset`` is empty for a single file.
    """
    return {
        "by_dataset": _apart([row for row in rows if row.dataset], lambda row: row.dataset, (), seed, rounds),
        "by_size": _apart(rows, size_of, ("small", "medium", "large"), seed, rounds),
        "by_granularity": _apart(rows, granularity_of, ("alone",), seed, rounds),
        "by_level": levels(rows),
    }


def levels(rows: Sequence[ClickRow]) -> dict[str, dict[str, Any]]:
    """Of each level, "1" coarsest … "6" finest: ``n`` rungs, their predicted ``score`` and true ``iou`` with
    the granularity that they fit best, and ``oracle``: of how many masks it was the best fit, all in percent."""
    asked = [row for row in rows if row.rungs]
    firsts = [max(row.rungs, key=lambda rung: rung.iou).level for row in asked]
    found = {}
    for level in range(1, RUNGS + 1):
        rungs = [rung for row in asked for rung in row.rungs if rung.level == level]
        if rungs:
            found[str(level)] = {
                "n": len(rungs),
                "score": round(100 * float(np.mean([rung.score for rung in rungs])), DIGITS),
                "iou": round(100 * float(np.mean([rung.fit for rung in rungs])), DIGITS),
                "oracle": round(100 * firsts.count(level) / len(asked), DIGITS),
            }
    return found


def _apart(
    rows: Sequence[ClickRow], name: _Slice, first: tuple[str, ...], seed: int, rounds: int
) -> dict[str, dict[str, Any]]:
    """Figures by name: those of ``first`` in that order, then the others sorted."""
    groups: dict[str, list[ClickRow]] = defaultdict(list)
    for row in rows:
        groups[name(row)].append(row)
    known = all_measures()
    measures = {key: known[key] for key in (*SHOWN, *LABELS)}
    ordered = sorted(groups, key=lambda key: (first.index(key) if key in first else len(first), key))
    return {key: _figures(measures, groups[key], seed, rounds) for key in ordered}


def _figures(measures: dict[str, Measure], rows: Sequence[ClickRow], seed: int, rounds: int) -> dict[str, Any]:
    figures, intervals = means(measures, rows, seed, rounds)
    return {"n": len(rows), "images": len({row.place for row in rows}), **figures, "ci95": intervals}
