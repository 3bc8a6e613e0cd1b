"""Random, but mostly where the model finds something that is wanted.

The baseline of nnActive (arXiv 2511.19183), which no uncertainty reliably beats there: a share of what is drawn at
random is drawn where there is foreground. There the truth says where that is, here the model must.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from semsam_annotate.training.active.candidate import Candidate
from semsam_annotate.training.active.strategy import Moment, ranked

EVERY = 3
"""Of so many places one is drawn from everything, so that what the model is blind to is not left out for ever."""


@dataclass(frozen=True)
class Foreground:
    """Two of three places go to images in which something is more likely wanted than not, as long as there are any."""

    name: str = "foreground"
    compares: bool = False

    def order(self, pool: Sequence[Candidate], moment: Moment) -> list[Candidate]:
        """All of the pool; within both kinds drawn by the moment's seed."""
        drawn = ranked(pool, lambda one: moment.chance(one.key))
        shown, every = iter([one for one in drawn if one.has_foreground]), iter(drawn)
        found: dict[str, Candidate] = {}
        while len(found) < len(drawn):
            wanted = len(found) % EVERY != EVERY - 1
            one = next((one for one in shown if one.key not in found), None) if wanted else None
            one = one or next(one for one in every if one.key not in found)
            found[one.key] = one
        return list(found.values())
