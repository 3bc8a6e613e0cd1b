"""What corrects a model's names and scores: two temperatures, and a line in log-odds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Shares: TypeAlias = tuple[tuple[str, float], ...]
"""(name, probability), best first; what is left to 1 is "none of these"."""
LEAST = 1e-6
"""Probabilities nearer to 0 or 1 are taken for this near."""


@dataclass(frozen=True)
class Calibration:
    """``objects``, ``parts``: the temperature of a side's names among each other (Guo et al., arXiv 1706.04599): above
    1 the model was too sure. ``score``: (slope, offset) of the log-odds of a ladder's best predicted IoU (Platt
    scaling). None where none was fitted.

    The share of "none of these" stays: held-back masks all have a name, so they say nothing about it.
    """

    objects: float | None = None
    parts: float | None = None
    score: tuple[float, float] | None = None

    def names(self, shares: Sequence[tuple[str, float]], part: bool) -> Shares:
        """Names of a side as they should have been; their order stays."""
        temperature = self.parts if part else self.objects
        if temperature is None or not shares:
            return tuple(shares)
        values = np.array([share for _, share in shares])
        named = values.sum() * tempered(values, temperature)
        return tuple((name, float(value)) for (name, _), value in zip(shares, named, strict=True))

    def predicted(self, score: float) -> float:
        """A predicted IoU as it should have been, 0..1."""
        return score if self.score is None else float(moved(np.array([score]), *self.score)[0])


def tempered(shares: Floats, temperature: float) -> Floats:
    """(N,) shares that sum to 1: the softmax of the logarithms of (N,) shares over a temperature."""
    logits = np.log(np.maximum(shares, LEAST)) / temperature
    powers = np.exp(logits - logits.max())
    return np.asarray(powers / powers.sum())


def moved(scores: Floats, slope: float, offset: float) -> Floats:
    """Scores 0..1 along a line in log-odds."""
    inside = np.clip(scores, LEAST, 1 - LEAST)
    return np.asarray(1 / (1 + np.exp(-(slope * np.log(inside / (1 - inside)) + offset))))


def is_number(value: object) -> bool:
    """Whether a value of JSON is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
