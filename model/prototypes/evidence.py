"""What the nearest prototypes say about a mask's names: kernel weights, by how close and how many they are."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.model.prototypes.memory import PrototypeMemory
from semsam_annotate.model.prototypes.place import Places
from semsam_annotate.model.prototypes.prototype import PLACE, MaskVectors, Prototype

NEIGHBOURS = 64
CLOSE = 2.0
"""A prototype so many standard deviations more similar than those of other names weighs as much as the text."""
WIDTH = 0.8
"""Standard deviations over which that weight grows e-fold."""
NOTABLE = 0.5
"""Weight of a prototype that is named as a reason."""
PLACE_SHARE = 0.3
"""Exponent of the likelihood of the place: its numbers are not independent of each other nor of the looks."""
_LARGEST = 30.0


@dataclass(frozen=True)
class Votes:
    """Weights of names for one mask; the text's word weighs 1. ``parts``: given that it is a part.

    ``alike``: how many prototypes weigh at least ``NOTABLE`` for an object's name, and for a part's.
    """

    objects: dict[str, float]
    parts: dict[str, float]
    alike: tuple[dict[str, int], dict[str, int]] = field(default_factory=lambda: ({}, {}))


def gather_votes(memory: PrototypeMemory, vectors: MaskVectors) -> list[Votes]:
    """The votes on each of M masks; BadInput for vectors of another version."""
    found = memory.nearest(vectors, NEIGHBOURS)
    weights = np.exp(np.minimum((found.deviation.astype(np.float64) - CLOSE) / WIDTH, _LARGEST))
    places = memory.places()
    return [
        _votes(row, line, values[-PLACE:], places)
        for row, line, values in zip(weights, found.prototypes, vectors.values, strict=True)
    ]


def _votes(
    weights: NDArray[np.float64], prototypes: list[Prototype], place: NDArray[np.float32], places: Places
) -> Votes:
    objects: dict[str, float] = {}
    parts: dict[str, float] = {}
    for weight, prototype in zip(weights.tolist(), prototypes, strict=True):
        if prototype.object is not None:
            objects[prototype.object] = objects.get(prototype.object, 0.0) + weight
        if prototype.part is not None:
            parts[prototype.part] = parts.get(prototype.part, 0.0) + weight
    close = [prototype for weight, prototype in zip(weights.tolist(), prototypes, strict=True) if weight >= NOTABLE]
    alike = (_counted(prototype.object for prototype in close), _counted(prototype.part for prototype in close))
    return Votes(objects, _placed(parts, place, places), alike)


def _counted(names: Iterable[str | None]) -> dict[str, int]:
    return dict(Counter(name for name in names if name is not None))


def _placed(votes: dict[str, float], place: NDArray[np.float32], places: Places) -> dict[str, float]:
    """The same sum of votes, moved to the names that lie where the mask lies."""
    names = [name for name in votes if name in places.names]
    if len(names) < 2:
        return votes
    weights = np.array([votes[name] for name in names])
    scores = np.log(np.maximum(weights, 1e-300)) + PLACE_SHARE * places.log_likelihood(place, names)
    shares = np.exp(scores - scores.max())
    return dict(zip(names, (weights.sum() * shares / shares.sum()).tolist(), strict=True))
