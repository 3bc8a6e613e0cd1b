"""Exact nearest neighbours by one matrix product."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.model.prototypes.prototype import FloatRows, Prototype


@dataclass(frozen=True)
class Neighbours:
    """For each of M masks the K nearest prototypes, nearest first; K is smaller in a memory that holds fewer.

    ``similarity`` (M, K): cosine in the memory's metric; ``deviation`` (M, K): by how many standard deviations it
    exceeds what masks of different names have.
    """

    similarity: FloatRows
    deviation: FloatRows
    prototypes: list[list[Prototype]]


def nearest_rows(units: FloatRows, queries: FloatRows, prototypes: Sequence[Prototype], count: int) -> list[list[int]]:
    """For each of (M, d) queries the ``count`` rows of (N, d) units with the largest dot products, largest first.

    Equal ones in the order of their ids, so that the order of insertion does not matter.
    """
    count = min(count, len(units))
    similarity = queries @ units.T
    if not count:
        return [[] for _ in queries]
    found = np.argpartition(similarity, len(units) - count, axis=1)[:, len(units) - count :]
    return [_sorted(line, rows, prototypes) for line, rows in zip(similarity, found, strict=True)]


def _sorted(similarity: NDArray[np.float32], rows: NDArray[np.intp], prototypes: Sequence[Prototype]) -> list[int]:
    """Of rows that a partition found, nearest first; who takes the last place when several share it, goes by id."""
    least = similarity[rows].min()
    sure = [int(row) for row in rows if similarity[row] > least]
    shared = sorted((int(row) for row in np.flatnonzero(similarity == least)), key=lambda row: prototypes[row].id)
    chosen = [*sure, *shared[: len(rows) - len(sure)]]
    return sorted(chosen, key=lambda row: (-similarity[row], prototypes[row].id))
