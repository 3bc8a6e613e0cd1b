"""Each label before and after: how well its masks are found, how often its name is right."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from semsam_annotate.training.evaluation.bootstrap import grouped_mean, paired_bootstrap
from semsam_annotate.training.evaluation.metrics import counting_groups, paired_rows
from semsam_annotate.training.evaluation.result import EvaluationResult
from semsam_annotate.training.evaluation.rows import ClickRow
from semsam_annotate.training.retrain.few_images import widened

LEAST_MASKS, LEAST_IMAGES = 10, 3
"""Of a label among what is held back, below which nothing is said about it alone."""
ANYTHING = (-100.0, 100.0)
"""Points that a difference may lie between where one image alone tells it."""
DIGITS = 2


class Change(NamedTuple):
    """Percent before and after, and the difference in points with its interval."""

    before: float
    after: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class LabelChange:
    """``name``: an object, or "object: part". ``mask``: the best IoU of the ladder, ``named``: how often the name came
    first, None where nothing was named; intervals of ``judge``'s certainty."""

    name: str
    masks: int
    images: int
    mask: Change
    named: Change | None

    @property
    def enough(self) -> bool:
        """Whether there are enough masks to say anything."""
        return self.masks >= LEAST_MASKS and self.images >= LEAST_IMAGES

    @property
    def worse(self) -> bool:
        """Whether masks or names are shown to be worse: the whole interval lies below zero."""
        return self.enough and any(change is not None and change.high < 0 for change in (self.mask, self.named))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        named = None if self.named is None else list(self.named)
        counts = {"name": self.name, "masks": self.masks, "images": self.images}
        return {**counts, "mask": list(self.mask), "named": named, "enough": self.enough, "worse": self.worse}


def label_changes(old: EvaluationResult, new: EvaluationResult, level: float) -> list[LabelChange]:
    """Every label of the clicks that both runs made, the most frequent first; ``level``: of the intervals."""
    by_name: dict[str, list[tuple[ClickRow, ClickRow]]] = {}
    for after, before in paired_rows(new, old):
        by_name.setdefault(_name(after), []).append((before, after))
    found = [_change(name, pairs, level) for name, pairs in by_name.items() if name]
    return sorted(found, key=lambda change: (-change.masks, change.name))


def _change(name: str, pairs: Sequence[tuple[ClickRow, ClickRow]], level: float) -> LabelChange:
    groups = [after.group for _, after in pairs]

    def measured(values: Sequence[tuple[float, float]]) -> Change | None:
        before, after = ([100 * value for value in side] for side in zip(*values, strict=True))
        told = paired_bootstrap(after, before, groups, level=level)
        if math.isnan(told[0]):
            return None
        shown = widened(told, counting_groups(groups, after, before), level) or [told[0], *ANYTHING]
        return Change(*(round(value, DIGITS) for value in (grouped_mean(before), grouped_mean(after), *shown)))

    mask = measured([(before.oracle, after.oracle) for before, after in pairs])
    named = measured([(_right(before), _right(after)) for before, after in pairs])
    return LabelChange(name, len(pairs), len(set(groups)), mask or Change(*[math.nan] * 5), named)


def _name(row: ClickRow) -> str:
    if row.is_part:
        return ": ".join(filter(None, (row.object, row.part))) if row.part else ""
    return row.object or ""


def _right(row: ClickRow) -> float:
    """1 where the name came first, 0 where it did not, NaN where nothing was named."""
    rank = row.part_rank if row.is_part else row.object_rank
    return math.nan if rank is None else float(rank == 0)
