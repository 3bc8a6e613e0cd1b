"""Points and strokes in pixel coordinates, x right, y down: what prompts are drawn with."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from semsam_annotate.api.errors import BadInput

Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Stroke:
    """A line drawn by hand: ``points`` (x, y) in order, joined by straight lines; ``label`` 1 belongs, 0 does not."""

    points: tuple[Point, ...]
    label: int = 1

    def __init__(self, points: Iterable[Sequence[float]], label: int = 1) -> None:
        try:
            object.__setattr__(self, "points", tuple(checked_point(point) for point in points))
        except TypeError as error:
            raise BadInput("a stroke is a list of points (x, y)") from error
        if not self.points:
            raise BadInput("a stroke needs at least one point (x, y)")
        object.__setattr__(self, "label", checked_label(label))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"points": [list(point) for point in self.points], "label": self.label}


def checked_point(point: Sequence[float]) -> Point:
    """(x, y) as finite floats; BadInput for anything else."""
    try:
        x, y = (float(value) for value in point)
    except (TypeError, ValueError) as error:
        raise BadInput(f"a point is two numbers (x, y), not {point!r}") from error
    if not (math.isfinite(x) and math.isfinite(y)):
        raise BadInput(f"a point needs finite numbers, not ({x}, {y})")
    return x, y


def checked_label(label: Any) -> int:
    """1 or 0; BadInput for anything else."""
    if label not in (0, 1):
        raise BadInput("point labels are 1 (belongs to the mask) or 0 (does not)")
    return int(label)


def strokes_of(scribble: Any) -> tuple[Stroke, ...]:
    """The strokes of a scribble: one list of (x, y), which belongs, or a list of such lists, Strokes or their JSON."""
    try:
        listed = list(scribble)
    except TypeError as error:
        raise BadInput("a scribble is a list of points (x, y), or a list of strokes") from error
    if listed and not any(_is_stroke(item) for item in listed):
        return (Stroke(listed),)
    return tuple(_stroke(item) for item in listed)


def _is_stroke(item: Any) -> bool:
    """Whether an item is a whole stroke rather than a point."""
    if isinstance(item, Stroke | Mapping):
        return True
    return isinstance(item, Sequence) and bool(item) and not isinstance(item, str) and hasattr(item[0], "__len__")


def _stroke(item: Any) -> Stroke:
    if isinstance(item, Stroke):
        return item
    if isinstance(item, Mapping):
        return Stroke(item.get("points") or (), item.get("label", 1))
    return Stroke(item)
