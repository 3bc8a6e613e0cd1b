"""An image that may be labelled next, as strategies see it: what the model proposes in it, and what it looks like."""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import Box
from semsam_annotate.training.calibrating.calibration import Calibration, Shares

Vector: TypeAlias = NDArray[np.float32]
PART = "part: "
"""Before the name of a part among the names of both kinds."""


@dataclass(frozen=True)
class Guess:
    """A proposal of the search through a whole image.

    ``score`` predicted IoU, ``stability``, ``part`` the chance that it is a part, all 0..1. ``level``: 1 coarsest … 6
    finest. ``rival``: 0..1, how close the score of a mask around it or inside it comes that bears the same name: then
    it is open which granularity is meant. ``box``: edges (x0, y0, x1, y1) in pixels, x1 and y1 exclusive.
    """

    id: str
    score: float
    stability: float
    level: int
    part: float
    objects: Shares
    parts: Shares
    rival: float
    box: Box

    def corrected(self, calibration: Calibration) -> "Guess":
        """The same with names as they should have been; scores of a search are not those of ladders and stay."""
        objects, parts = calibration.names(self.objects, part=False), calibration.names(self.parts, part=True)
        return replace(self, objects=objects, parts=parts)

    @cached_property
    def names(self) -> Shares:
        """Chances of all names, best first: those of objects if it is one, those of parts if it is one."""
        both = [(name, (1 - self.part) * share) for name, share in self.objects]
        both += [(PART + name, self.part * share) for name, share in self.parts]
        return tuple(sorted(both, key=lambda item: (-item[1], item[0])))

    @property
    def best_name(self) -> str | None:
        """The likeliest name, None without a vocabulary."""
        return self.names[0][0] if self.names else None

    @cached_property
    def wanted(self) -> float:
        """Chance that it bears a name of the vocabulary at all; without one, that it is a good mask of anything."""
        return min(1.0, sum(share for _, share in self.names)) if self.names else self.score

    @cached_property
    def entropy(self) -> float:
        """Of its names and "none of these", 0..1 of what is possible; 0 without a vocabulary."""
        shares = np.array([share for _, share in self.names] + [1 - self.wanted if self.names else 1.0])
        known = shares[shares > 0]
        return float(-(known * np.log(known)).sum() / math.log(len(shares))) if len(shares) > 1 else 0.0

    @cached_property
    def doubt(self) -> float:
        """0..1: how little the mask is trusted, and how open it is which granularity is meant."""
        undecided = 4 * self.part * (1 - self.part)
        return float(np.mean([1 - self.score, 1 - self.stability, undecided, self.rival]))


@dataclass(frozen=True, eq=False)
class Candidate:
    """An image: ``key``, the sha256 of its pixels; its ``guesses``; (D,) ``vector``, how the whole image looks."""

    key: str
    guesses: tuple[Guess, ...]
    vector: Vector

    @cached_property
    def clicks(self) -> float:
        """What it is expected to cost: a click for every mask that is wanted, one at least."""
        return max(1.0, sum(guess.wanted for guess in self.guesses))

    def corrected(self, calibration: Calibration) -> "Candidate":
        """The same with names as they should have been."""
        return replace(self, guesses=tuple(guess.corrected(calibration) for guess in self.guesses))

    @property
    def has_foreground(self) -> bool:
        """Whether something in it is more likely wanted than not."""
        return any(guess.wanted >= 0.5 for guess in self.guesses)

    def entropy_a_click(self, name: str | None = None) -> float:
        """Entropy of the names of what is wanted, a click; only of what bears a ``name`` if one is given."""
        chosen = [guess for guess in self.guesses if name is None or guess.best_name == name]
        return sum(guess.wanted * guess.entropy for guess in chosen) / self.clicks

    def doubt_a_click(self) -> float:
        """Doubt about the masks that are wanted, a click."""
        return sum(guess.wanted * guess.doubt for guess in self.guesses) / self.clicks

    def by_use(self) -> list[Guess]:
        """The proposals, those to review first in front: wanted, and doubtful in name or mask."""
        return sorted(self.guesses, key=lambda guess: (-guess.wanted * (guess.entropy + guess.doubt), guess.id))
