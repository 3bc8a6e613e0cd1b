"""Intervals of figures that are no means over clicks (AP, PQ, calibration): whole images are drawn again."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.training.evaluation.bootstrap import LEVEL

Times: TypeAlias = NDArray[np.int64]
"""(images,) how often each image was drawn."""

Figures: TypeAlias = Callable[[Times], Mapping[str, float]]
"""Figures of a resample, NaN where one is not defined there."""


def resampled_intervals(
    figures: Figures, images: int, seed: int = 0, rounds: int = 200, level: float = LEVEL
) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap (Efron 1979) over ``images``: key to (low, high); a resample without a value is left out.

    (nan, nan) for a key without any value, and for every key without images.
    """
    rng = np.random.default_rng(seed)
    drawn = [dict(figures(_draw(rng, images))) for _ in range(rounds if images else 0)]
    keys = drawn[0].keys() if drawn else figures(np.zeros(images, np.int64)).keys()
    return {key: _interval([one[key] for one in drawn], level) for key in keys}


def difference(new: Figures, old: Figures) -> Figures:
    """Figures of two models on the same draw, new minus old: what makes a bootstrap paired."""

    def figures(times: Times) -> dict[str, float]:
        first, second = new(times), old(times)
        return {key: first[key] - second[key] for key in first if key in second}

    return figures


def _draw(rng: np.random.Generator, images: int) -> Times:
    return rng.multinomial(images, np.full(images, 1 / images)).astype(np.int64)


def _interval(values: list[float], level: float) -> tuple[float, float]:
    known = np.array([value for value in values if not np.isnan(value)])
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)
