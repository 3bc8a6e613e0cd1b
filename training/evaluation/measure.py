"""One reported mean: which value of a row it averages, over which rows, and whether class by class."""

import math
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from semsam_annotate.training.evaluation.rows import ClickRow

Value: TypeAlias = Callable[[ClickRow], float]
"""The value of a row; NaN where the row does not count."""


@dataclass(frozen=True)
class Measure:
    """A mean over rows. ``classes``: of a macro mean, each class weighing the same. ``scale``: 100 for percent."""

    value: Value
    classes: Callable[[ClickRow], Hashable] | None = None
    scale: float = 100.0

    def values(self, rows: Iterable[ClickRow]) -> list[float]:
        """The scaled value of every row, NaN where it does not count."""
        return [self.scale * self.value(row) for row in rows]

    def class_of(self, rows: Iterable[ClickRow]) -> list[Hashable] | None:
        """The class of every row, None for a plain mean."""
        return None if self.classes is None else [self.classes(row) for row in rows]

    def only(self, is_part: bool) -> "Measure":
        """The same over parts, or over all other masks."""
        return Measure(
            lambda row: self.value(row) if row.is_part == is_part else math.nan, classes=self.classes, scale=self.scale
        )


def with_kinds(key: str, measure: Measure) -> dict[str, Measure]:
    """A measure over all masks, over objects (whatever is not a part) and over parts."""
    return {key: measure, f"{key}_object": measure.only(False), f"{key}_part": measure.only(True)}
