"""What an annotator points at: clicks, a box, strokes, a rough mask, words; coordinates of the image of ``encode``."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from semsam_annotate.api.errors import BadInput
from semsam_annotate.api.rle import Mask, Rle, checked_rle, encode_rle, rle_area
from semsam_annotate.api.stroke import Point, Stroke, checked_label, checked_point, strokes_of

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Prompt:
    """One request for masks. At least one hint must say what belongs: a click, a stroke, a box, a mask or a text.

    ``points``: (x, y) pixel centres, x right, y down. ``labels``: 1 belongs to the mask, 0 does not; all 1 when left
    out. ``box``: edges (x0, y0, x1, y1), x1 and y1 exclusive. ``scribble``: strokes, each with such a label; given as
    one list of (x, y), as a list of such lists, or as Strokes. ``mask``: rough, from another tool, or the answer that
    the clicks correct; (H, W) bool of the image's size, or its RLE, which is what is kept. ``text``: a phrase such as
    "left wheel". The ladder is about the first positive click; the order of the other clicks and of strokes does not
    matter.
    """

    points: tuple[Point, ...] = ()
    labels: tuple[int, ...] = ()
    box: Box | None = None
    scribble: tuple[Stroke, ...] = ()
    mask: Rle | None = field(default=None, hash=False)
    text: str | None = None

    def __init__(
        self,
        points: Iterable[Sequence[float]] = (),
        labels: Iterable[int] | None = None,
        box: Sequence[float] | None = None,
        scribble: Iterable[Any] = (),
        mask: Mask | Rle | None = None,
        text: str | None = None,
    ) -> None:
        try:
            object.__setattr__(self, "points", tuple(checked_point(point) for point in points))
            signs = (1,) * len(self.points) if labels is None else tuple(labels)
        except TypeError as error:
            raise BadInput("a prompt's points and labels are lists") from error
        object.__setattr__(self, "labels", tuple(checked_label(label) for label in signs))
        object.__setattr__(self, "box", None if box is None else _box(box))
        object.__setattr__(self, "scribble", strokes_of(scribble))
        object.__setattr__(self, "mask", None if mask is None else _mask(mask))
        object.__setattr__(self, "text", None if text is None else _text(text))
        self._check()

    def _check(self) -> None:
        if len(self.labels) != len(self.points):
            raise BadInput(f"a prompt needs one label per point: {len(self.points)} points, {len(self.labels)} labels")
        drawn = {*self.labels, *(stroke.label for stroke in self.scribble)}
        if self.box is None and self.mask is None and self.text is None and 1 not in drawn:
            raise BadInput("a prompt needs at least one positive point or a box (or a positive stroke, mask or text)")

    def check_inside(self, height: int, width: int) -> None:
        """Raise BadInput unless all points lie in a (height, width) image, the box overlaps it and the mask fits it."""
        for kind, (x, y) in self._places():
            if not (-0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5):
                raise BadInput(
                    f"{kind} ({x:g}, {y:g}) is outside the image of {width}x{height} pixels (width x height)"
                )
        if self.box is not None:
            x0, y0, x1, y1 = self.box
            if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
                raise BadInput(f"box {self.box} is outside the image of {width}x{height} pixels (width x height)")
        if self.mask is not None and tuple(self.mask["size"]) != (height, width):
            rows, columns = self.mask["size"]
            raise BadInput(f"the prompt's mask is {columns}x{rows} pixels, the image {width}x{height} (width x height)")

    def _places(self) -> Iterable[tuple[str, Point]]:
        yield from (("click", point) for point in self.points)
        yield from (("stroke point", point) for stroke in self.scribble for point in stroke.points)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; scribble, mask and text only where they are given."""
        return {
            "points": [list(point) for point in self.points],
            "labels": list(self.labels),
            "box": None if self.box is None else list(self.box),
            **({"scribble": [stroke.to_json() for stroke in self.scribble]} if self.scribble else {}),
            **({"mask": self.mask} if self.mask is not None else {}),
            **({"text": self.text} if self.text is not None else {}),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Prompt":
        """Back from ``to_json``; BadInput when a field is missing or wrong."""
        if not isinstance(value, dict):
            raise BadInput("a prompt is a JSON object with points, labels and box, or scribble, mask, text")
        return cls(
            points=value.get("points") or (),
            labels=value.get("labels"),
            box=value.get("box"),
            scribble=value.get("scribble") or (),
            mask=value.get("mask"),
            text=value.get("text"),
        )


def _box(box: Sequence[float]) -> Box:
    try:
        x0, y0, x1, y1 = (float(value) for value in box)
    except (TypeError, ValueError) as error:
        raise BadInput(f"a box is four numbers (x0, y0, x1, y1), not {box!r}") from error
    if not all(math.isfinite(value) for value in (x0, y0, x1, y1)) or x1 <= x0 or y1 <= y0:
        raise BadInput(f"a box needs x0 < x1 and y0 < y1, not ({x0:g}, {y0:g}, {x1:g}, {y1:g})")
    return x0, y0, x1, y1


def _mask(mask: Mask | Rle) -> Rle:
    if isinstance(mask, np.ndarray):
        if mask.dtype != np.bool_:
            raise BadInput(f"a prompt's mask is (H, W) bool or an RLE, not {mask.dtype}")
        rle = encode_rle(mask)
    elif isinstance(mask, dict):
        rle = checked_rle(mask)
    else:
        raise BadInput(f"a prompt's mask is (H, W) bool or an RLE, not {type(mask).__name__}")
    if not rle_area(rle):
        raise BadInput("a prompt's mask needs at least one pixel that is set")
    return rle


def _text(text: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise BadInput(f'a prompt\'s text is a phrase such as "left wheel", not {text!r}')
    return " ".join(text.split())
