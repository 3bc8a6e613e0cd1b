"""Which mask of one list means the same thing as which of another: by overlap, each at most once."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from semsam_annotate.annotations.record import Annotation
from semsam_annotate.api import BadInput, Rle
from semsam_annotate.api.rle import checked_rle

SAME = 0.5
"""IoU from which two masks mean the same thing, as in panoptic quality."""


def matched(
    first: Sequence[Annotation], second: Sequence[Annotation], around: Iterable[Annotation] = ()
) -> list[tuple[Annotation, Annotation, float]]:
    """Pairs of ``SAME`` or more with their IoU, whose sum is the largest there is; objects with objects only.

    A mask is never paired with one that it is part of, directly or through others, of which some may be ``around``.
    """
    if not first or not second:
        return []
    parents = {one.id: one.part_of for one in (*around, *first, *second)}
    within = {one.id: above(one.id, parents) for one in (*first, *second)}
    overlaps = ious([one.mask for one in first], [one.mask for one in second])
    for row, one in enumerate(first):
        for column, other in enumerate(second):
            nested = one.id in within[other.id] or other.id in within[one.id]
            if one.kind != other.kind or one.plane != other.plane or one.id == other.id or nested:
                overlaps[row, column] = 0.0
    rows, columns = _assigned(np.where(overlaps >= SAME, overlaps, 0.0))
    pairs = [(int(row), int(column)) for row, column in zip(rows, columns, strict=True)]
    return [(first[row], second[at], float(overlaps[row, at])) for row, at in pairs if overlaps[row, at] >= SAME]


def ious(first: Sequence[Rle], second: Sequence[Rle]) -> NDArray[np.float64]:
    """IoU (F, S) of each mask with each, without decoding; BadInput for a damaged one, which would be read for ever."""
    try:
        one, other = [_whole(rle) for rle in first], [_whole(rle) for rle in second]
    except BadInput as error:
        raise BadInput(f"a mask in the store is damaged ({error}): semsam project check names it") from error
    found = coco_mask.iou(one, other, [0] * len(other))
    return np.asarray(found, np.float64).reshape(len(first), len(second))


def _whole(rle: Rle) -> dict[str, object]:
    checked = checked_rle(rle)
    return {**checked, "counts": checked["counts"].encode("ascii")}


def above(id: str, parents: Mapping[str, str | None]) -> set[str]:
    """Ids of all that a mask is a part of."""
    found, at = set[str](), parents.get(id)
    while at is not None and at not in found:
        found.add(at)
        at = parents.get(at)
    return found


def _assigned(gains: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError as error:
        raise BadInput(f"matching masks needs scipy ({error}): pip install scipy") from error
    rows, columns = linear_sum_assignment(gains, maximize=True)
    return rows, columns
