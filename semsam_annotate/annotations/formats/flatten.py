"""Masks that may overlap in a map where every pixel belongs to one: the smaller mask lies above the larger one."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.annotations.formats.written import CUT, HIDDEN
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.api import decode_rle, rle_area

Map = NDArray[np.int32]


def flattened(records: Sequence[Annotation], height: int, width: int) -> tuple[Map, list[Annotation], Counter[str]]:
    """(height, width) map: 0 nothing, i the mask i - 1 of those that can be seen, which come second.

    Of two masks of one area the later one lies above. Third: how many were cut and how many are hidden altogether.
    """
    areas = [rle_area(record.mask) for record in records]
    order = sorted(range(len(records)), key=lambda index: (-areas[index], index))
    drawn: Map = np.zeros((height, width), np.int32, order="F")  # as masks are decoded
    for index in order:
        drawn[decode_rle(records[index].mask)] = index + 1
    left = np.bincount(drawn.ravel(order="F"), minlength=len(records) + 1)[1:]
    seen = [index for index in range(len(records)) if left[index]]
    numbers = np.zeros(len(records) + 1, np.int32)
    numbers[np.array(seen, np.int64) + 1] = np.arange(1, len(seen) + 1)
    cut = sum(1 for index in seen if left[index] < areas[index])
    hidden = Counter({CUT: cut, HIDDEN: len(records) - len(seen)})
    return np.ascontiguousarray(numbers[drawn]), [records[index] for index in seen], hidden
