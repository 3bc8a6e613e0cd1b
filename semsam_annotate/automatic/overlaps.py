"""Which masks share pixels, and how many."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import Box
from semsam_annotate.api.runs import Runs

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Overlaps:
    """Areas (M,) of masks, and for each pair (first < second) that shares pixels how many those are."""

    areas: Numbers
    first: Numbers
    second: Numbers
    joint: Numbers

    @classmethod
    def of_runs(cls, masks: Sequence[Runs]) -> "Overlaps":
        """Of masks as runs, any number of them: only those whose boxes meet are compared."""
        rows = [
            (first, second, joint)
            for first, second in meeting([mask.box for mask in masks])
            if (joint := masks[first].shared(masks[second]))
        ]
        columns = np.array(rows, np.int64).reshape(-1, 3).T
        return cls(np.array([mask.area for mask in masks], np.int64), *columns)


def meeting(boxes: Sequence[Box]) -> Iterator[tuple[int, int]]:
    """Pairs (first < second) of boxes (x0, y0, x1, y1) that overlap, found by a sweep from left to right."""
    edges = np.array(boxes, np.float64).reshape(-1, 4)
    active = np.zeros(0, np.int64)
    for index in np.argsort(edges[:, 0], kind="stable"):
        x0, y0, _, y1 = edges[index]
        active = active[edges[active, 2] > x0]
        for other in active[(edges[active, 1] < y1) & (edges[active, 3] > y0)]:
            yield (int(min(index, other)), int(max(index, other)))
        active = np.append(active, index)
