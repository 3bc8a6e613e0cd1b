"""Where names are least certain."""

from collections.abc import Sequence
from dataclasses import dataclass

from semsam_annotate.training.active.candidate import Candidate
from semsam_annotate.training.active.strategy import Moment, ranked


@dataclass(frozen=True)
class Entropy:
    """Entropy of the names of what is wanted, a click; without a vocabulary all are equal."""

    name: str = "entropy"
    compares: bool = False

    def order(self, pool: Sequence[Candidate], moment: Moment) -> list[Candidate]:
        """All of the pool."""
        return ranked(pool, lambda one: one.entropy_a_click())
