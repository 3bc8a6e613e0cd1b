"""Intervals of few images: a bootstrap over a handful of them is far too sure of itself."""

from collections.abc import Sequence
from math import sqrt

from scipy.special import ndtri, stdtrit

DIGITS = 4
LEAST_IMAGES = 2
"""Held-back images below which a difference has no interval at all."""


def widened(found: Sequence[float], images: int, level: float) -> list[float] | None:
    """[mean, low, high] of a percentile bootstrap over so many ``images``, each side as wide as Student's t; None for
    one image alone, of which nothing can be said.

    Drawing n images again gives a spread that is too small by sqrt((n - 1) / n), and its percentiles are those of a
    normal distribution, not of Student's with n - 1 degrees of freedom (Hesterberg 2015, What Teachers Should Know
    About the Bootstrap, 3.2). Of two images the sides become 13 times as long, of five 1.6, of forty 1.05 times.
    """
    if images < LEAST_IMAGES:
        return None
    middle, low, high = found
    wider = _factor(images, level)
    return [
        round(value, DIGITS) for value in (middle, middle - wider * (middle - low), middle + wider * (high - middle))
    ]


def _factor(images: int, level: float) -> float:
    tail = (1 + level) / 2
    student = float(stdtrit(images - 1, tail))
    if images == 2:  # the percentiles are the two themselves, half their distance from the mean, as Student's spread is
        return student
    return student / float(ndtri(tail)) * sqrt(images / (images - 1))
