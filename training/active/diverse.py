"""What looks like nothing labelled yet: the greedy k-centre of core-sets (Sener and Savarese, arXiv 1708.00489)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.training.active.candidate import Candidate
from semsam_annotate.training.active.strategy import Moment

MOST = 1000
"""Images chosen one by one; the others follow by their distance from those."""

AT_ONCE = 256
"""Images compared with all centres at once: of thousands with thousands the table would take half a gigabyte."""


@dataclass(frozen=True)
class Diverse:
    """The image furthest from all that are labelled or chosen; the most typical one where nothing is labelled yet."""

    name: str = "diverse"
    compares: bool = True

    def order(self, pool: Sequence[Candidate], moment: Moment) -> list[Candidate]:
        """All of the pool; by cosine distance of the vectors."""
        left = sorted(pool, key=lambda one: one.key)
        if not left:
            return []
        looks = np.stack([one.vector for one in left]).astype(np.float64)
        centres = [vector for vector in moment.labelled if vector.shape == looks.shape[1:]]
        if centres:
            distance = 1 - _nearest(looks, np.stack(centres).astype(np.float64))
        else:
            distance = (looks @ looks.sum(0)) / len(left) + 2  # the first pick alone: nearest to all
        found: list[int] = []
        for _ in left[:MOST]:
            place = int(np.argmax(distance))
            found.append(place)
            nearer = 1 - looks @ looks[place]
            distance = nearer if len(found) == 1 and not centres else np.minimum(distance, nearer)
            distance[found] = -np.inf
        rest = [place for place in np.argsort(-distance, kind="stable").tolist() if distance[place] > -np.inf]
        return [left[place] for place in (*found, *rest)]


def _nearest(looks: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) of (N, D) looks the largest cosine with one of (M, D) centres."""
    parts = (looks[start : start + AT_ONCE] @ centres.T for start in range(0, len(looks), AT_ONCE))
    return np.concatenate([part.max(1) for part in parts])
