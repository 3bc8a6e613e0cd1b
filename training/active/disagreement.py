"""Where the rungs of the ladder disagree: masks that are not trusted, and granularities that are open."""

from collections.abc import Sequence
from dataclasses import dataclass

from semsam_annotate.training.active.candidate import Candidate
from semsam_annotate.training.active.strategy import Moment, ranked


@dataclass(frozen=True)
class Disagreement:
    """Doubt about the masks that are wanted, a click (``Guess.doubt``); needs no vocabulary."""

    name: str = "disagreement"
    compares: bool = False

    def order(self, pool: Sequence[Candidate], moment: Moment) -> list[Candidate]:
        """All of the pool."""
        return ranked(pool, lambda one: one.doubt_a_click())
