"""How far a predicted IoU can be trusted: predicted against true IoU of proposals, in bins of equal width.

The expected calibration error of Guo et al. (arXiv 1706.04599, equation 3) with the true IoU in place of accuracy.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from semsam_annotate.training.evaluation.resampling import Figures, difference, resampled_intervals
from semsam_annotate.training.evaluation.rows import ClickRow

Floats: TypeAlias = NDArray[np.float64]

BINS = 10
DIGITS = 4


@dataclass(frozen=True)
class Predictions:
    """(N,) ``score`` predicted and ``iou`` true, 0..1, and the number of the ``image``, of ``images``, each is on."""

    score: Floats
    iou: Floats
    image: NDArray[np.int64]
    images: int

    def tallies(self, bins: int = BINS) -> Floats:
        """(images, bins, 3): number, summed score and summed IoU of the predictions whose score lies in each bin."""
        place = np.clip(np.ceil(self.score * bins).astype(np.int64) - 1, 0, bins - 1)
        sums = np.zeros((self.images, bins, 3))
        np.add.at(sums, (self.image, place), np.stack([np.ones_like(self.score), self.score, self.iou], axis=1))
        return sums

    def error(self) -> Figures:
        """The expected calibration error of a draw of images, in percent, under ``ece``."""
        tallies = self.tallies()
        return lambda times: {"ece": 100 * calibration_error(np.tensordot(times, tallies, axes=1))}


def calibration_error(tallies: Floats) -> float:
    """Expected calibration error, 0..1, of (bins, 3) tallies; NaN without any prediction."""
    count = tallies[:, 0].sum()
    return float(np.abs(tallies[:, 1] - tallies[:, 2]).sum() / count) if count else math.nan


def calibration(rows: Sequence[ClickRow], seed: int = 0, rounds: int = 200) -> dict[str, Any] | None:
    """``rungs``: every proposal against the granularity under the click that it fits best; ``chosen``: the proposal
    with the best score against the mask that was asked for. None when the rows hold no rungs.

    Each with ``n``; ``ece`` in percent and ``ece_ci95``, bootstrap over images; ``bias``, mean predicted less mean
    true, in points; ``spearman``, rank correlation −1..1, None where it is undefined; ``bins`` with edges 0..1 (the
    upper one belongs to the bin), n, and mean ``score`` and ``iou`` in percent.
    """
    sides = predictions(rows)
    return None if sides is None else {side: facts(found, seed, rounds) for side, found in sides.items()}


def compare_calibration(
    new: Sequence[ClickRow], old: Sequence[ClickRow], seed: int = 0, rounds: int = 200
) -> dict[str, list[float] | None]:
    """``ece_rungs``, ``ece_chosen``: new minus old as [points, low, high], paired bootstrap over the images of both.

    None where the rows of a side hold no rungs.
    """
    first, second = predictions(new), predictions(old)
    if first is None or second is None or first["chosen"].images != second["chosen"].images:
        return {"ece_rungs": None, "ece_chosen": None}
    found: dict[str, list[float] | None] = {}
    for side, one in first.items():
        between, images = difference(one.error(), second[side].error()), one.images
        values = between(np.ones(images, np.int64))["ece"], *resampled_intervals(between, images, seed, rounds)["ece"]
        found[f"ece_{side}"] = [round(value, DIGITS) for value in values]
    return found


def predictions(rows: Sequence[ClickRow]) -> dict[str, Predictions] | None:
    """What ``calibration`` measures, images numbered in the order of their names."""
    kept = [row for row in rows if row.rungs]
    images = {group: number for number, group in enumerate(sorted({row.group for row in kept}))}
    if not kept:
        return None
    every = [(rung.score, rung.fit, images[row.group]) for row in kept for rung in row.rungs]
    best = [(max(rung.score for rung in row.rungs), row.max, images[row.group]) for row in kept]
    return {"rungs": _predictions(every, len(images)), "chosen": _predictions(best, len(images))}


def _predictions(triples: Sequence[tuple[float, float, int]], images: int) -> Predictions:
    score, iou, image = zip(*triples, strict=True)
    return Predictions(np.array(score), np.array(iou), np.array(image, np.int64), images)


def facts(found: Predictions, seed: int = 0, rounds: int = 200) -> dict[str, Any]:
    """What ``calibration`` says of each side."""
    whole = found.tallies().sum(axis=0)
    interval = resampled_intervals(found.error(), found.images, seed, rounds)["ece"]
    return {
        "n": len(found.score),
        "ece": round(100 * calibration_error(whole), DIGITS),
        "ece_ci95": [round(bound, DIGITS) for bound in interval],
        "bias": round(100 * float(found.score.mean() - found.iou.mean()), DIGITS),
        "spearman": rank_correlation(found.score, found.iou),
        "bins": [_bin(number, whole[number]) for number in range(BINS)],
    }


def rank_correlation(first: Floats, second: Floats) -> float | None:
    """Spearman's ρ, −1..1; None where all values of a side are equal."""
    if len(np.unique(first)) < 2 or len(np.unique(second)) < 2:
        return None
    return round(float(spearmanr(first, second).statistic), DIGITS)


def _bin(number: int, tally: Floats) -> dict[str, Any]:
    count, score, iou = tally
    means = {"score": 100 * score / count, "iou": 100 * iou / count} if count else {"score": None, "iou": None}
    rounded = {key: None if value is None else round(float(value), DIGITS) for key, value in means.items()}
    return {"low": number / BINS, "high": (number + 1) / BINS, "n": int(count), **rounded}
