"""The measure of likeness that the prototypes themselves teach: what differs within one name counts little.

Vectors are centred, whitened by the covariance within names (shrunk towards a multiple of the identity, Ledoit and Wolf
2004, with a fixed share), reduced to their main directions (randomised range finder, Halko et al. 2011, algorithm 4.4)
and scaled to length 1. Nothing is trained: it is linear algebra on at most ``MOST`` prototypes, a fraction of a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from semsam_annotate.model.prototypes.prototype import FloatRows, Prototype

MOST = 512
"""Prototypes that the metric is estimated from, those of the smallest checksums of their ids: a sample that depends on
nothing but the set, and that a new prototype of a large memory seldom enters."""
DIRECTIONS = 128
SHRINKAGE = 0.3
CENTRING = 4.0
"""Prototypes that the prior mean, zero, counts as: the first few are not yet told from each other's differences."""
PRIOR_PAIRS, PRIOR_MEAN, PRIOR_SPREAD = 4.0, 0.5, 0.25
"""What similarity of two names is expected before pairs of names have been seen."""


@dataclass(frozen=True)
class Metric:
    """``mean`` (D,) and ``projection`` (D, d); ``usual`` and ``spread``: of the similarity of different names."""

    mean: FloatRows
    projection: FloatRows
    usual: float
    spread: float

    def __call__(self, vectors: FloatRows) -> FloatRows:
        """(M, d) of length 1 from (M, D); zeros where nothing is left."""
        moved = (vectors - self.mean) @ self.projection
        return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12), np.float32)

    def deviation(self, similarity: FloatRows) -> FloatRows:
        """By how many standard deviations similarities exceed that of different names."""
        return np.asarray((similarity - self.usual) / self.spread, np.float32)


def fit_metric(prototypes: Sequence[Prototype], vectors: FloatRows) -> Metric:
    """The metric of (N, D) vectors and their names; N is at least 1."""
    names = [(item.object, item.part) for item in prototypes]
    number = {name: index for index, name in enumerate(dict.fromkeys(names))}
    labels = np.array([number[name] for name in names])
    mean = vectors.sum(0) / (len(vectors) + CENTRING)
    centred = vectors - mean
    factor = np.linalg.cholesky(_within(vectors, labels, centred))
    white = solve_triangular(factor, centred.T, lower=True).T
    axes = _main_directions(white, min(DIRECTIONS, white.shape[1]))
    projection = solve_triangular(factor, axes, lower=True, trans="T")
    first = Metric(mean, projection, 0.0, 1.0)
    return Metric(mean, projection, *_usual(first(vectors), labels))


def _within(values: FloatRows, labels: NDArray[np.int64], centred: FloatRows) -> FloatRows:
    """(D, D) covariance within names, shrunk towards the mean variance."""
    count, dim = values.shape
    sizes = np.bincount(labels)
    means = np.zeros((len(sizes), dim), np.float32)
    np.add.at(means, labels, values)
    rest = values - (means / sizes[:, None].astype(np.float32))[labels]
    variance = max(float((centred**2).sum()) / count / dim, 1e-9)
    within = (1 - SHRINKAGE) / count * (rest.T @ rest)
    within[np.diag_indices(dim)] += SHRINKAGE * variance
    return np.asarray(within, np.float32)


def _main_directions(white: FloatRows, count: int) -> FloatRows:
    """(D, count) orthonormal directions that hold most of (N, D) vectors, found from a fixed random start."""
    axes = np.random.default_rng(0).standard_normal((white.shape[1], count), dtype=np.float32)
    for _ in range(2):
        axes = np.linalg.qr(white.T @ (white @ axes) + np.float32(1e-6) * axes)[0]
    return axes


def _usual(units: FloatRows, labels: NDArray[np.int64]) -> tuple[float, float]:
    """Mean and standard deviation of the similarity of pairs with different names, shrunk towards the prior."""
    different = labels[:, None] < labels[None]
    pairs = (units @ units.T)[different].astype(np.float64)
    total = len(pairs) + PRIOR_PAIRS
    mean = (pairs.sum() + PRIOR_PAIRS * PRIOR_MEAN) / total
    squares = ((pairs - mean) ** 2).sum() + PRIOR_PAIRS * (PRIOR_SPREAD**2 + (PRIOR_MEAN - mean) ** 2)
    return float(mean), float(np.sqrt(squares / total))
