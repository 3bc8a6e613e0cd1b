"""What an annotator points at: clicks and a box, in pixel coordinates of the image given to ``encode``."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from semsam_annotate.api.errors import BadInput

Point = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Prompt:
    """One request for masks.

    ``points``: (x, y) pixel centres, x right, y down. ``labels``: 1 belongs to the mask, 0 does not; all 1 when left
    out. ``box``: edges (x0, y0, x1, y1), x1 and y1 exclusive. At least one positive point or a box is needed.
    """

    points: tuple[Point, ...] = ()
    labels: tuple[int, ...] = ()
    box: Box | None = None

    def __init__(
        self,
        points: Iterable[Sequence[float]] = (),
        labels: Iterable[int] | None = None,
        box: Sequence[float] | None = None,
    ) -> None:
        try:
            object.__setattr__(self, "points", tuple(_pair(point) for point in points))
            signs = (1,) * len(self.points) if labels is None else tuple(labels)
        except TypeError as error:
            raise BadInput("a prompt's points and labels are lists") from error
        object.__setattr__(self, "labels", signs)
        object.__setattr__(self, "box", None if box is None else _box(box))
        self._check()

    def _check(self) -> None:
        if len(self.labels) != len(self.points):
            raise BadInput(f"a prompt needs one label per point: {len(self.points)} points, {len(self.labels)} labels")
        if any(label not in (0, 1) for label in self.labels):
            raise BadInput("point labels are 1 (belongs to the mask) or 0 (does not)")
        object.__setattr__(self, "labels", tuple(int(label) for label in self.labels))
        if self.box is None and 1 not in self.labels:
            raise BadInput("a prompt needs at least one positive point or a box")

    def check_inside(self, height: int, width: int) -> None:
        """Raise BadInput unless every point lies in a (height, width) image and the box overlaps it."""
        for x, y in self.points:
            if not (-0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5):
                raise BadInput(f"click ({x:g}, {y:g}) is outside the image of {width}x{height} pixels (width x height)")
        if self.box is not None:
            x0, y0, x1, y1 = self.box
            if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
                raise BadInput(f"box {self.box} is outside the image of {width}x{height} pixels (width x height)")

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "points": [list(point) for point in self.points],
            "labels": list(self.labels),
            "box": None if self.box is None else list(self.box),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Prompt":
        """Back from ``to_json``; BadInput when a field is missing or wrong."""
        if not isinstance(value, dict):
            raise BadInput("a prompt is a JSON object with points, labels and box")
        return cls(points=value.get("points") or (), labels=value.get("labels"), box=value.get("box"))


def _pair(point: Sequence[float]) -> Point:
    try:
        x, y = (float(value) for value in point)
    except (TypeError, ValueError) as error:
        raise BadInput(f"a point is two numbers (x, y), not {point!r}") from error
    if not (math.isfinite(x) and math.isfinite(y)):
        raise BadInput(f"a point needs finite numbers, not ({x}, {y})")
    return x, y


def _box(box: Sequence[float]) -> Box:
    try:
        x0, y0, x1, y1 = (float(value) for value in box)
    except (TypeError, ValueError) as error:
        raise BadInput(f"a box is four numbers (x0, y0, x1, y1), not {box!r}") from error
    if not all(math.isfinite(value) for value in (x0, y0, x1, y1)) or x1 <= x0 or y1 <= y0:
        raise BadInput(f"a box needs x0 < x1 and y0 < y1, not ({x0:g}, {y0:g}, {x1:g}, {y1:g})")
    return x0, y0, x1, y1
