"""Label accuracy of the oracle proposal: micro and macro top-1 and top-5, and what the most frequent class would get.

``label_object_*``: objects, by what they are. ``label_part_*``: parts, by which part they are. ``label_owner_*``: parts
again, by what they belong to. A mask whose category names nothing ("region") has no label to get right.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from semsam_annotate.training.evaluation.measure import Measure
from semsam_annotate.training.evaluation.rows import ClickRow

_Name: TypeAlias = Callable[[ClickRow], str | None]
_Rank: TypeAlias = Callable[[ClickRow], int | None]

TOPS = (1, 5)


@dataclass(frozen=True)
class LabelSide:
    """One kind of label: the true ``name`` of a row, None where it does not count, and its ``rank`` in the answer."""

    name: _Name
    rank: _Rank


SIDES = {
    "label_object": LabelSide(lambda row: None if row.is_part else row.object, lambda row: row.object_rank),
    "label_part": LabelSide(lambda row: row.part if row.is_part else None, lambda row: row.part_rank),
    "label_owner": LabelSide(lambda row: row.object if row.is_part else None, lambda row: row.object_rank),
}


def label_measures() -> dict[str, Measure]:
    """Micro means ``…_top1``, ``…_top5`` and macro means ``…_top1_macro``, ``…_top5_macro`` of every side."""
    found: dict[str, Measure] = {}
    for key, side in SIDES.items():
        for top in TOPS:
            value = _hit(side, top)
            found[f"{key}_top{top}"] = Measure(value)
            found[f"{key}_top{top}_macro"] = Measure(value, classes=side.name)
    return found


def majority_figures(rows: Iterable[ClickRow]) -> dict[str, float | None]:
    """What always answering the most frequent classes of these rows would get, in percent, micro and macro.

    ``…_top1_majority``, ``…_top1_macro_majority`` and the same for top-5; None where no row has such a name.
    """
    listed = list(rows)
    found: dict[str, float | None] = {}
    for key, side in SIDES.items():
        counts = Counter(name for row in listed if (name := side.name(row)) is not None)
        for top in TOPS:
            hits = sum(count for _, count in counts.most_common(top))
            found[f"{key}_top{top}_majority"] = 100 * hits / counts.total() if counts else None
            found[f"{key}_top{top}_macro_majority"] = 100 * min(top, len(counts)) / len(counts) if counts else None
    return found


def _hit(side: LabelSide, top: int) -> Callable[[ClickRow], float]:
    def value(row: ClickRow) -> float:
        rank = side.rank(row)
        return math.nan if side.name(row) is None or rank is None else float(0 <= rank < top)

    return value
