"""Class-stratified, scheduled power predictive entropy: ClaSP PE (Lüth, Traub et al., TMLR 2026, arXiv 2601.13677).

Its two ideas: some of the queries are shared out among the predicted classes, so that rare ones are asked about; and
log-scale noise on the entropy (power sampling, Kirsch et al., arXiv 2106.12059) keeps a batch from being all alike,
much of it in the first rounds, little in the last. There patches of volumes are queried, here images; the share and
the schedule below are this module's.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

from semsam_annotate.training.active.candidate import Candidate
from semsam_annotate.training.active.strategy import Moment, ranked

FIRST, GROWTH, LAST = 1.0, math.sqrt(10), 100.0
"""Exponent of the entropy: until the second training is over, by what it grows from training to training, its end."""
_LEAST = 1e-6


@dataclass(frozen=True)
class Clasp:
    """Every second place goes to the next class: the image whose things of that predicted name are least certain."""

    name: str = "clasp"
    compares: bool = False

    def order(self, pool: Sequence[Candidate], moment: Moment) -> list[Candidate]:
        """All of the pool."""
        exponent = power(moment.round)
        names = sorted({guess.best_name for one in pool for guess in one.guesses if guess.best_name is not None})
        names.sort(key=lambda name: moment.chance(name, "class"))
        plain = iter(self._noised(pool, moment, exponent, None))
        turns = [queue for name in names for queue in (iter(self._noised(pool, moment, exponent, name)), plain)]
        found: dict[str, Candidate] = {}
        for queue in cycle(turns or [plain]):
            one = next((one for one in queue if one.key not in found), None)
            if one is not None:
                found[one.key] = one
            if len(found) == len(pool):
                return list(found.values())
        return []

    @staticmethod
    def _noised(pool: Sequence[Candidate], moment: Moment, exponent: float, name: str | None) -> list[Candidate]:
        """By log entropy plus Gumbel noise; of a class, only images in which it is predicted."""
        bearing = [one for one in pool if name is None or any(guess.best_name == name for guess in one.guesses)]

        def use(one: Candidate) -> float:
            return math.log(one.entropy_a_click(name) + _LEAST) + moment.gumbel(one.key, name or "") / exponent

        return ranked(bearing, use)


def power(round: int) -> float:
    """The exponent in a round: the noise is divided by it."""
    return float(min(LAST, FIRST * GROWTH ** min(round, 100)))
