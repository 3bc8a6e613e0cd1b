"""The context of a click as a Prompt, and what else Label Studio asks in its place.

Coordinates are percent of the oriented image as it is stored, whatever way the annotator turned the view:
``image_rotation`` says how it is shown, the sizes beside it stay unrotated, and so do the coordinates.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from semsam_annotate.api import BadInput, Box, Point, Prompt
from semsam_annotate.backend.label_studio.config import LabelConfig

MAX_MARKS = 1024


@dataclass(frozen=True)
class Click:
    """``marks``: the results of the context. ``label``: the label that was selected, None when there was none."""

    marks: tuple[dict[str, Any], ...]
    label: str | None

    def on_image(self, config: LabelConfig) -> "Click":
        """What of it lies on the config's image; BadInput when its last mark lies on another one."""
        if self.marks and not config.has(self.marks[-1]):
            said = str(self.marks[-1].get("to_name"))[:40]
            raise BadInput(f"clicks are answered on the image {config.image[:40]!r} alone, this one is on {said!r}")
        kept = tuple(mark for mark in self.marks if config.has(mark))
        return Click(kept, _selected(kept))

    def prompt(self, height: int, width: int) -> Prompt:
        """In pixels of a (height, width) image; BadInput when nothing in it can be understood or it lies outside."""
        points = [_point(mark, height, width) for mark in self.marks if "keypoint" in _kind(mark)]
        signs = [_sign(mark) for mark in self.marks if "keypoint" in _kind(mark)]
        boxes = [_box(mark, height, width) for mark in self.marks if "rectangle" in _kind(mark)]
        if not points and not boxes:
            raise BadInput("the context has neither a keypoint nor a rectangle")
        prompt = Prompt(points, signs, boxes[-1] if boxes else None)
        prompt.check_inside(height, width)
        return prompt


def parse_context(context: Any) -> Click | None:
    """The click in ``params.context``; None when it is no click but an event such as "prewarm" or "capabilities"."""
    if not isinstance(context, dict):
        raise BadInput("the context of an interactive request is a JSON object")
    if "result" not in context and isinstance(context.get("event"), str):
        return None
    marks = context.get("result")
    if not isinstance(marks, list) or len(marks) > MAX_MARKS or not all(isinstance(mark, dict) for mark in marks):
        raise BadInput(f"the context's result is a list of at most {MAX_MARKS} regions")
    return Click(tuple(marks), _selected(marks))


def to_pixel(percent: Any, side: int) -> float:
    """p percent of ``side`` pixels: p / 100 * side - 0.5, as pixel (0, 0) is centred at (0, 0)."""
    return _number(percent) / 100 * side - 0.5


def _number(value: Any) -> float:
    """A number that an image can hold: beyond it, arithmetic would overflow."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -1e9 < value < 1e9:
        raise BadInput(f"a coordinate is a number of percent, not {str(value)[:40]!r}")
    return float(value)


def _point(mark: dict[str, Any], height: int, width: int) -> Point:
    value = _value(mark)
    x, y = to_pixel(value.get("x"), width), to_pixel(value.get("y"), height)
    return _inward(x, width), _inward(y, height)


def _inward(position: float, side: int) -> float:
    """The very edge, 100 %, belongs to the last pixel."""
    return math.nextafter(side - 0.5, 0) if position == side - 0.5 else position


def _box(mark: dict[str, Any], height: int, width: int) -> Box:
    """Edges, clipped to the image; a turned rectangle gives the box around it."""
    value = _value(mark)
    x, y, w, h = (_number(value.get(name)) / 100 for name in ("x", "y", "width", "height"))
    x, y, w, h = x * width, y * height, w * width, h * height
    turn = math.radians(_number(value.get("rotation") or 0))
    corners = [
        (x + a * math.cos(turn) - b * math.sin(turn), y + a * math.sin(turn) + b * math.cos(turn))
        for a, b in ((0.0, 0.0), (w, 0.0), (w, h), (0.0, h))
    ]
    left, right = min(corner[0] for corner in corners), max(corner[0] for corner in corners)
    top, bottom = min(corner[1] for corner in corners), max(corner[1] for corner in corners)
    return max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height))


def _sign(mark: dict[str, Any]) -> int:
    """1 unless the mark says otherwise: ``is_positive``, in newer front ends ``value.positive``."""
    said = mark.get("is_positive", _value(mark).get("positive", True))
    return 0 if said in (False, 0, "0", "false") else 1


def _value(mark: dict[str, Any]) -> dict[str, Any]:
    value = mark.get("value")
    if not isinstance(value, dict):
        raise BadInput("a region of the context has no value")
    return value


def _kind(mark: dict[str, Any]) -> str:
    return str(mark.get("type") or "").lower()


def _selected(marks: Sequence[dict[str, Any]]) -> str | None:
    for mark in reversed(marks):
        value = mark.get("value")
        for key in (_kind(mark), "labels"):
            labels = value.get(key) if isinstance(value, dict) else None
            if isinstance(labels, list) and labels and isinstance(labels[0], str):
                return labels[0]
    return None
