"""The figures of ``semsam evaluate``: means over clicks in percent, with intervals over images."""

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from semsam_annotate.api import BadInput
from semsam_annotate.training.evaluation.bootstrap import (
    LEVEL,
    ROUNDS,
    bootstrap_interval,
    grouped_mean,
    paired_bootstrap,
)
from semsam_annotate.training.evaluation.correcting import MOST_CLICKS
from semsam_annotate.training.evaluation.label_metrics import label_measures, majority_figures
from semsam_annotate.training.evaluation.measure import Measure, with_kinds
from semsam_annotate.training.evaluation.result import EvaluationResult
from semsam_annotate.training.evaluation.rows import ClickRow

DIGITS = 4
AFTER_CLICKS = (1, 2, 3, 5, 10, 20)
NOC_TARGETS = (85, 90)


def all_measures() -> dict[str, Measure]:
    """Every mean that is reported, by key.

    ``max``, ``oracle``, ``all``, ``all_multi`` (``all`` where |G| ≥ 2) and ``max_click2`` (``max`` after the second,
    corrective click), each also with ``_object`` and ``_part``; the labels; ``ladder_length`` in rungs and
    ``kendall_tau`` (−1..1); ``noc85`` and ``noc90``: clicks until IoU 85 % or 90 %, 20 where it is never reached
    (number of clicks; Sofiiuk et al., arXiv 2102.06583, section 4).
    """
    return {
        **with_kinds("max", Measure(lambda row: row.max)),
        **with_kinds("oracle", Measure(lambda row: row.oracle)),
        **with_kinds("all", Measure(lambda row: row.all)),
        **with_kinds("all_multi", Measure(lambda row: row.all if row.granularities > 1 else math.nan)),
        **with_kinds("max_click2", Measure(lambda row: _or_nan(row.corrected))),
        **label_measures(),
        "ladder_length": Measure(lambda row: row.length, scale=1.0),
        "kendall_tau": Measure(lambda row: _or_nan(row.tau), scale=1.0),
        **{f"noc{target}": Measure(_clicks_to(target / 100), scale=1.0) for target in NOC_TARGETS},
    }


def click_measures() -> dict[str, Measure]:
    """IoU of the proposal with the best score after so many clicks, by their number as text."""
    return {str(clicks): Measure(_after(clicks)) for clicks in AFTER_CLICKS}


def summarize(result: EvaluationResult, seed: int = 0, rounds: int = ROUNDS) -> dict[str, Any]:
    """The figures of one run as plain JSON values: every measure by key, None where no row counts.

    ``n`` clicks, ``n_object``, ``n_part``, ``images``; ``ci95``: key to [low, high], bootstrap over ``group``s; the
    majority-class figures beside the labels; ``iou_at_click``: number of clicks to the mean IoU after them, None where
    fewer were made, with intervals of its own in ``ci95``.
    """
    rows = result.rows
    figures, intervals = means(all_measures(), rows, seed, rounds)
    after, after_intervals = means(click_measures(), rows, seed, rounds)
    counts = {"n": len(rows), "n_object": sum(not row.is_part for row in rows), "n_part": sum(r.is_part for r in rows)}
    majority = {key: None if value is None else _plain(value) for key, value in majority_figures(rows).items()}
    found = {**figures, "iou_at_click": after, **majority, **counts, "images": len({row.place for row in rows})}
    return {**found, "ci95": {**intervals, "iou_at_click": after_intervals}}


def means(
    measures: dict[str, Measure], rows: Sequence[ClickRow], seed: int, rounds: int
) -> tuple[dict[str, float | None], dict[str, list[float] | None]]:
    """The mean of every measure and its interval, by key."""
    groups = [row.group for row in rows]
    figures: dict[str, float | None] = {}
    intervals: dict[str, list[float] | None] = {}
    for key, measure in measures.items():
        values, classes = measure.values(rows), measure.class_of(rows)
        figures[key] = _plain(grouped_mean(values, classes))
        low_high = bootstrap_interval(values, groups, classes=classes, seed=seed, rounds=rounds)
        intervals[key] = None if figures[key] is None else [round(bound, DIGITS) for bound in low_high]
    return figures, intervals


def compare(
    new: EvaluationResult, old: EvaluationResult, seed: int = 0, rounds: int = ROUNDS, level: float = LEVEL
) -> dict[str, list[float] | None]:
    """New minus old on the clicks that both made: key to [difference, low, high], paired bootstrap over images.

    None where nothing can be compared. Raises BadInput unless both clicked the same masks.
    """
    pairs = paired_rows(new, old)
    groups = [first.group for first, _ in pairs]
    found: dict[str, list[float] | None] = {}
    for key, measure in all_measures().items():
        a, b = _both(measure, pairs)
        classes = measure.class_of(first for first, _ in pairs)
        difference = paired_bootstrap(a, b, groups, seed=seed, rounds=rounds, classes=classes, level=level)
        found[key] = None if math.isnan(difference[0]) else [round(value, DIGITS) for value in difference]
    return found


def compared_groups(new: EvaluationResult, old: EvaluationResult) -> dict[str, int]:
    """Key to the number of images (``ClickRow.group``) that have clicks which count in ``compare``."""
    pairs = paired_rows(new, old)
    groups = [first.group for first, _ in pairs]
    return {key: counting_groups(groups, *_both(measure, pairs)) for key, measure in all_measures().items()}


def counting_groups(groups: Sequence[Hashable], a: Sequence[float], b: Sequence[float]) -> int:
    """How many of the groups hold a value that is a number in both."""
    each = zip(groups, a, b, strict=True)
    return len({group for group, first, second in each if not math.isnan(first + second)})


def _both(measure: Measure, pairs: Sequence[tuple[ClickRow, ClickRow]]) -> tuple[list[float], list[float]]:
    return measure.values(first for first, _ in pairs), measure.values(second for _, second in pairs)


def paired_rows(new: EvaluationResult, old: EvaluationResult) -> list[tuple[ClickRow, ClickRow]]:
    """(new, old) row of every click, in the new one's order; BadInput unless both clicked the same masks."""
    known = {row.key: row for row in old.rows}
    pairs = [(row, known.get(row.key)) for row in new.rows]
    same = [(row, other) for row, other in pairs if other is not None and other.click == row.click]
    if not len(same) == len(new.rows) == len(old.rows):
        raise BadInput(
            f"the two runs clicked different masks ({len(new.rows)} and {len(old.rows)} clicks): "
            "use the same annotations, seed and limits"
        )
    return same


def _after(clicks: int) -> Callable[[ClickRow], float]:
    return lambda row: _or_nan(row.after(clicks))


def _clicks_to(iou: float) -> Callable[[ClickRow], float]:
    return lambda row: _or_nan(row.clicks_to(iou, MOST_CLICKS))


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else round(value, DIGITS)
