"""Any image: the baseline that everything must beat."""

from collections.abc import Sequence
from dataclasses import dataclass

from semsam_annotate.training.active.candidate import Candidate
from semsam_annotate.training.active.strategy import Moment, ranked


@dataclass(frozen=True)
class Random:
    """Every order is as likely."""

    name: str = "random"
    compares: bool = False

    def order(self, pool: Sequence[Candidate], moment: Moment) -> list[Candidate]:
        """All of the pool, drawn by the moment's seed."""
        return ranked(pool, lambda one: moment.chance(one.key))
