"""Fitting a calibration to what was seen, and judging it on images that the fit did not see."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from semsam_annotate.annotations.retraining.counts import LEAST_HELD_BACK
from semsam_annotate.training.calibrating.calibration import LEAST, Calibration, Floats, Shares, moved
from semsam_annotate.training.calibrating.seen import Seen, SeenName, SeenScore
from semsam_annotate.training.evaluation.calibration import Predictions

FOLDS = 5
RANGE = 3.0
"""Of the logarithm of a temperature, to both sides."""
_One = TypeVar("_One", SeenName, SeenScore)


def fit(seen: Seen) -> Calibration:
    """The calibration of what was seen; a side with too little to say anything stays None (``too_few``)."""
    objects, parts = (None if too_few(side) else temperature(side) for side in (seen.objects, seen.parts))
    score = None if seen.masks < LEAST_HELD_BACK or not seen.scores else line(seen.scores)
    return Calibration(objects, parts, score)


def too_few(names: Sequence[SeenName]) -> bool:
    """Whether so many named masks say nothing, as those to judge a new model by."""
    return len(names) < LEAST_HELD_BACK


def temperature(names: Sequence[SeenName]) -> float:
    """The temperature under which it is most likely that the first names are right as often as they are.

    Not that under which the true names are most likely (Guo et al.): a few kinds of things that the model never saw, in
    which the true name has next to no share, would then make it less sure of all others. One mask more that is named
    right and one that is not, as sure as all on average, keep twenty that happen to be alike from saying "always".
    """
    right = np.array([one.shares[0][0] == one.name for one in names])

    def surprise(log: float) -> float:
        made = Calibration(float(np.exp(log)), float(np.exp(log)))
        sure = np.array([surest(made.names(one.shares, part=False)) for one in names]).clip(LEAST, 1 - LEAST)
        either = np.log(sure.mean()) + np.log(1 - sure.mean())
        return -float(np.log(np.where(right, sure, 1 - sure)).sum() + either)

    return float(np.exp(minimize_scalar(surprise, bounds=(-RANGE, RANGE), method="bounded").x))


def line(scores: Sequence[SeenScore]) -> tuple[float, float]:
    """Slope, never falling, and offset in log-odds under which the true IoUs are most likely (cross-entropy)."""
    said, true = np.array([one.score for one in scores]), np.array([one.iou for one in scores])

    def surprise(at: Floats) -> float:
        made = np.clip(moved(said, float(at[0]), float(at[1])), LEAST, 1 - LEAST)
        return -float(np.mean(true * np.log(made) + (1 - true) * np.log(1 - made)))

    found = minimize(surprise, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=[(0.0, 20.0), (-20.0, 20.0)]).x
    return float(found[0]), float(found[1])


def before_and_after(seen: Seen) -> dict[str, tuple[Predictions, Predictions]]:
    """``objects``, ``parts``, ``score``, those that were fitted: what was said, and what is said once it is corrected.

    "After" is cross-fitted: each image is corrected by a fit to the others (five folds).
    """
    found = {}
    if not too_few(seen.objects):
        found["objects"] = _names(seen.objects, part=False)
    if not too_few(seen.parts):
        found["parts"] = _names(seen.parts, part=True)
    if seen.masks >= LEAST_HELD_BACK and seen.scores:
        found["score"] = _scores(seen.scores)
    return found


def _names(names: Sequence[SeenName], part: bool) -> tuple[Predictions, Predictions]:
    """How sure of the first name, given that it has one, and whether it is right."""

    def fitted(train: Sequence[SeenName]) -> Callable[[SeenName], float]:
        found = temperature(train) if train else None
        made = Calibration(objects=found, parts=found)
        return lambda one: surest(made.names(one.shares, part))

    right = [float(one.shares[0][0] == one.name) for one in names]
    return _pair(names, [surest(one.shares) for one in names], _cross(names, fitted), right)


def surest(shares: Shares) -> float:
    """The share of the first name among all."""
    whole = sum(share for _, share in shares)
    return shares[0][1] / whole if whole else 1 / len(shares)


def _scores(scores: Sequence[SeenScore]) -> tuple[Predictions, Predictions]:
    def fitted(train: Sequence[SeenScore]) -> Callable[[SeenScore], float]:
        made = Calibration(score=line(train) if train else None)
        return lambda one: made.predicted(one.score)

    return _pair(scores, [one.score for one in scores], _cross(scores, fitted), [one.iou for one in scores])


def _cross(rows: Sequence[_One], fitted: Callable[[Sequence[_One]], Callable[[_One], float]]) -> list[float]:
    folds = {name: number % FOLDS for number, name in enumerate(sorted({row.image for row in rows}))}
    made = {fold: fitted([row for row in rows if folds[row.image] != fold]) for fold in set(folds.values())}
    return [made[folds[row.image]](row) for row in rows]


def _pair(
    rows: Sequence[SeenName] | Sequence[SeenScore], before: list[float], after: list[float], true: list[float]
) -> tuple[Predictions, Predictions]:
    images = {name: number for number, name in enumerate(sorted({row.image for row in rows}))}
    places, truth = np.array([images[row.image] for row in rows], np.int64), np.array(true)
    first, second = (Predictions(np.array(said), truth, places, len(images)) for said in (before, after))
    return first, second
