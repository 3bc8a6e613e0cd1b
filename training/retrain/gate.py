"""The gate: a new model serves only if, on images held back, it is better and nothing got worse."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from semsam_annotate.annotations.retraining.counts import LEAST_HELD_BACK
from semsam_annotate.training.evaluation.bootstrap import LEVEL
from semsam_annotate.training.evaluation.metrics import compare, compared_groups, summarize
from semsam_annotate.training.evaluation.result import EvaluationResult
from semsam_annotate.training.retrain.few_images import LEAST_IMAGES, widened
from semsam_annotate.training.retrain.labels import LabelChange, label_changes

ONE_SIDED = 0.90
"""Interval that leaves 5 % below it: whether something got worse is a one-sided question."""
SHOWN = ("oracle", "max", "label_object_top1_macro", "label_part_top1_macro")
LEAST_COUNTING = 3
"""Images in which something must count to be judged, where there are as many."""
WATCHED = ("oracle", "label_object_top1_macro", "label_part_top1_macro")


@dataclass(frozen=True)
class GateSettings:
    """``margin``: points that "not worse" may lose, with 95 % certainty. ``replay``: points of mean oracle
    that may be lost on the replay set. ``least``: validation masks below which nothing can be said.
    """

    margin: float = 1.0
    replay: float = 1.0
    least: int = LEAST_HELD_BACK


@dataclass(frozen=True)
class Verdict:
    """The decision, its reasons in words, and the figures: differences new minus old as [points, low, high].

    ``held_back``, ``replay``: what people are shown of either set, as ``_figures`` gives it. ``labels``:
    ``LabelChange.to_json`` of each.
    """

    promote: bool
    reasons: tuple[str, ...]
    differences: dict[str, list[float] | None]
    old: dict[str, Any]
    new: dict[str, Any]
    replay_loss: float
    validation_masks: int
    held_back: dict[str, Any] = field(default_factory=dict)
    replay: dict[str, Any] = field(default_factory=dict)
    labels: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def judge(
    old: EvaluationResult,
    new: EvaluationResult,
    old_replay: EvaluationResult,
    new_replay: EvaluationResult,
    settings: GateSettings,
) -> Verdict:
    """Compare on the same clicks by a paired bootstrap over images.

    Not worse means shown not to be worse: with 95 % certainty (one-sided, so the lower end of the 90 % interval) the
    difference is above minus the margin. Labels that were learned wrongly hover around no difference with a wide
    interval, and do not pass. A gain is one whose whole 95 % interval is above zero. Of few images intervals are wider
    than the bootstrap says (``few_images``), and what counts in fewer than three of many (names, where few masks bear
    one) is neither a gain nor a loss. A model is refused too when half of the labels that can be judged alone are shown
    to be worse, or anything that it answered is no number.
    """
    images, found = _images(new), _compared(new, old, LEVEL)
    certain = _compared(new, old, ONE_SIDED)
    differences = {key: found[key] for key in WATCHED if found.get(key) is not None}
    forgotten = _mean_oracle(old_replay) - _mean_oracle(new_replay)
    count, labels = len(new.rows), label_changes(old, new, ONE_SIDED)
    reasons = [
        *_no_numbers(new, new_replay),
        *_too_few(count, images, settings),
        *_worse({key: certain[key] for key in differences}, settings),
        *_worse_labels(labels),
        *_no_gain(differences),
        *_forgets(forgotten, settings),
    ]
    return Verdict(
        promote=not reasons,
        reasons=tuple(reasons) or tuple(_gains(differences)),
        differences=differences,
        old=summarize(old),
        new=summarize(new),
        replay_loss=round(forgotten, 3),
        validation_masks=count,
        held_back=_figures(old, new, found),
        replay=_figures(old_replay, new_replay, _compared(new_replay, old_replay, LEVEL)),
        labels=tuple(label.to_json() for label in labels),
    )


def _figures(old: EvaluationResult, new: EvaluationResult, differences: dict[str, Any]) -> dict[str, Any]:
    """Key to both means and their difference, each with its interval; what nothing is known of left out."""
    before, after, images = summarize(old), summarize(new), compared_groups(new, old)
    return {
        key: {
            "old": before[key],
            "new": after[key],
            "old_ci95": _interval(before, key, images[key]),
            "new_ci95": _interval(after, key, images[key]),
            "difference": differences[key],
        }
        for key in SHOWN
        if before[key] is not None and after[key] is not None
    }


def _interval(summary: dict[str, Any], key: str, images: int) -> list[float] | None:
    """Of a mean in percent, which cannot leave 0 to 100."""
    found = widened([summary[key], *summary["ci95"][key]], images, LEVEL)
    return None if found is None else [max(0.0, found[1]), min(100.0, found[2])]


def _no_numbers(*results: EvaluationResult) -> list[str]:
    broken = sum(not math.isfinite(row.max + row.oracle) for result in results for row in result.rows)
    return [f"it is broken: {broken} of its answers are no numbers"] if broken else []


def _worse_labels(labels: list[LabelChange]) -> list[str]:
    judged = [label for label in labels if label.enough]
    worse = [label.name for label in judged if label.worse]
    if not worse or 2 * len(worse) < len(judged):
        return []
    return [f"worse on {len(worse)} of the {len(judged)} labels with masks enough to tell: {', '.join(worse[:5])}"]


def _mean_oracle(result: EvaluationResult) -> float:
    return 100 * sum(row.oracle for row in result.rows) / len(result.rows)


def _compared(new: EvaluationResult, old: EvaluationResult, level: float) -> dict[str, list[float] | None]:
    """New minus old, points with intervals that hold for few images too."""
    images, found = compared_groups(new, old), compare(new, old, level=level)
    least = min(LEAST_COUNTING, _images(new))
    return {
        key: None if one is None or images[key] < least else widened(one, images[key], level)
        for key, one in found.items()
    }


def _images(result: EvaluationResult) -> int:
    return len({row.group for row in result.rows})


def _too_few(masks: int, images: int, settings: GateSettings) -> list[str]:
    if masks < settings.least:
        return [f"only {masks} validation masks, at least {settings.least} are needed to say anything"]
    if images < LEAST_IMAGES:
        return ["all validation masks are of one image or sequence, which says nothing of others"]
    return []


def _worse(differences: dict[str, list[float] | None], settings: GateSettings) -> list[str]:
    return [
        f"{key} may be worse: {difference[0]:+.1f} points, with 95 % certainty only above {difference[1]:+.1f}"
        for key, difference in differences.items()
        if difference is not None and difference[1] < -settings.margin
    ]


def _no_gain(differences: dict[str, list[float] | None]) -> list[str]:
    return [] if _gains(differences) else ["no gain is above zero with its whole interval"]


def _gains(differences: dict[str, list[float] | None]) -> list[str]:
    return [
        f"{key} is better: {_words(difference)}"
        for key, difference in differences.items()
        if difference is not None and difference[1] > 0
    ]


def _forgets(forgotten: float, settings: GateSettings) -> list[str]:
    if forgotten <= settings.replay:
        return []
    return [f"it forgets: mean oracle on the replay set falls by {forgotten:.1f} points, {settings.replay:g} allowed"]


def _words(difference: list[float]) -> str:
    return f"{difference[0]:+.1f} points [{difference[1]:+.1f}, {difference[2]:+.1f}]"
