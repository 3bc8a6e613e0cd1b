"""What a strategy is: an order of images, the one to label next first, that is the same whenever it is asked for."""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from semsam_annotate.training.active.candidate import Candidate, Vector


@dataclass(frozen=True)
class Moment:
    """When is asked: ``round`` trainings after the first are over, ``labelled`` looks of the labelled images."""

    seed: int = 0
    round: int = 0
    labelled: tuple[Vector, ...] = ()

    def chance(self, key: str, of: str = "") -> float:
        """A number in (0, 1) that hangs on the seed, the round and the image alone, never on who else is asked."""
        digest = hashlib.sha256(f"{self.seed}/{self.round}/{of}/{key}".encode()).digest()
        return (int.from_bytes(digest[:7], "big") + 0.5) / 2**56

    def gumbel(self, key: str, of: str = "") -> float:
        """Of the standard Gumbel distribution."""
        return -math.log(-math.log(self.chance(key, of)))


class Strategy(Protocol):
    """Pure: the same images in another order, asked in the same moment, come out in the same order."""

    @property
    def name(self) -> str:
        """As ``semsam next --strategy`` takes it."""
        ...

    @property
    def compares(self) -> bool:
        """Whether it wants to know what the labelled images look like."""
        ...

    def order(self, pool: Sequence[Candidate], moment: Moment) -> list[Candidate]:
        """All of the pool, the most useful first."""
        ...


def ranked(pool: Sequence[Candidate], use: Callable[[Candidate], float]) -> list[Candidate]:
    """The largest use first; of equal ones, that with the smaller key."""
    return sorted(pool, key=lambda one: (-use(one), one.key))
