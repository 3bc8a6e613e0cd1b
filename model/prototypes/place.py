"""Where the parts of a name lie: what tells a left mirror from a right one when both look alike.

Which side is "left" depends on how the thing is turned, so it is learned from the prototypes, not from the words: per
part name a Gaussian of each number of the place (position, size and shape relative to the thing around the mask).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.model.prototypes.prototype import FloatRows

PRIOR_COUNT = 5.0
"""Examples that the variance over all parts counts as in the variance of one name."""


@dataclass(frozen=True)
class Places:
    """``mean`` and ``variance`` (names, PLACE) of ``names``; ``variance`` is that of a next example."""

    names: dict[str, int]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]

    @classmethod
    def of(cls, names: Sequence[str], place: FloatRows) -> "Places":
        """From the part names of (N, PLACE) examples."""
        number = {name: index for index, name in enumerate(dict.fromkeys(names))}
        labels = np.array([number[name] for name in names], np.int64)
        count = np.bincount(labels, minlength=len(number))[:, None].astype(np.float64)
        values = place.astype(np.float64)
        mean = _sums(labels, values, len(number)) / np.maximum(count, 1)
        squares = _sums(labels, (values - mean[labels]) ** 2, len(number))
        overall = values.var(0) + 1e-6 if len(values) else np.ones(place.shape[1])
        variance = (squares + PRIOR_COUNT * overall) / (count + PRIOR_COUNT) * (1 + 1 / np.maximum(count, 1))
        return cls(number, mean, variance)

    def log_likelihood(self, place: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.float64]:
        """(len(names),) of one mask's (PLACE,) numbers; every name must be known."""
        rows = [self.names[name] for name in names]
        variance = self.variance[rows]
        away = place.astype(np.float64) - self.mean[rows]
        return np.asarray(-0.5 * (away**2 / variance + np.log(variance)).sum(1))


def _sums(labels: NDArray[np.int64], values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    columns = [np.bincount(labels, weights=column, minlength=count) for column in values.T]
    return np.stack(columns, 1)
