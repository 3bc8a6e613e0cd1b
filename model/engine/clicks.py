"""The clicks of a prompt, its strokes spread into some, in one order however they were given."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from semsam_annotate.api import Prompt, Stroke
from semsam_annotate.api.stroke import Point

STROKE_STEP = 0.05
"""Strokes become clicks this far apart, relative to the image's longer side."""
MOST_A_STROKE, MOST_OF_STROKES = 8, 32
PIN_STEP = 0.02
MOST_PINS_A_STROKE, MOST_STROKE_PINS = 24, 96
"""A stroke's pins lie closer than its clicks: the network reads few tokens, a mask can be held to more places."""

DIGITS = 7
"""Of places on strokes, far below a pixel: what differs behind them is rounding on the way along."""


class Click(NamedTuple):
    """A pixel position (x, y) and 1 where it belongs to the mask, 0 where it does not."""

    x: float
    y: float
    label: int


def clicks_of(prompt: Prompt, size: tuple[int, int]) -> list[Click]:
    """What the network is asked: each click once, at most 32 more from strokes; the anchor first, then sorted.

    ``size``: (height, width) of the image. The anchor, which the ladder is about, is the first positive click or else
    the most central positive place of the strokes.
    """
    return _ordered(prompt, _joined(prompt, size, STROKE_STEP, MOST_A_STROKE, MOST_OF_STROKES))


def pins_of(prompt: Prompt, size: tuple[int, int]) -> list[Click]:
    """Where the answer is known: each click once and at most 96 places on strokes; ordered as ``clicks_of``."""
    return _ordered(prompt, _joined(prompt, size, PIN_STEP, MOST_PINS_A_STROKE, MOST_STROKE_PINS))


def _ordered(prompt: Prompt, clicks: Sequence[Click]) -> list[Click]:
    listed = sorted(set(clicks), key=lambda click: (-click.label, click.x, click.y))
    positive = [click for click in listed if click.label]
    if not positive:
        return listed
    if 1 in prompt.labels:
        anchor = Click(*prompt.points[prompt.labels.index(1)], 1)
    else:
        anchor = min(positive, key=lambda click: sum(math.dist(click[:2], other[:2]) for other in positive))
    return [anchor, *(click for click in listed if click != anchor)]


def _joined(prompt: Prompt, size: tuple[int, int], step: float, most: int, most_of_all: int) -> list[Click]:
    clicks = [Click(x, y, label) for (x, y), label in zip(prompt.points, prompt.labels, strict=True)]
    strokes = _some(sorted(prompt.scribble, key=lambda stroke: (stroke.label, stroke.points)), most_of_all)
    for stroke in strokes:
        count = min(most, most_of_all // len(strokes))
        clicks += [Click(x, y, stroke.label) for x, y in spread(stroke, step * max(size), count)]
    return clicks


def _some(strokes: Sequence[Stroke], most: int) -> list[Stroke]:
    """At most so many strokes, evenly from the list."""
    return list(strokes) if len(strokes) <= most else [strokes[len(strokes) * index // most] for index in range(most)]


def spread(stroke: Stroke, step: float, most: int) -> list[Point]:
    """1 to ``most`` points about ``step`` pixels apart, evenly along a stroke, none at its very ends.

    The same to the bit whichever way it was drawn; a place that it passes twice is one place.
    """
    points = min(stroke.points, stroke.points[::-1])
    lengths = [math.dist(*pair) for pair in pairwise(points)]
    total = math.fsum(lengths)
    count = min(most, 1 + int(total / max(step, 1e-6)))
    places = (_along(points, lengths, total * (index + 0.5) / count) for index in range(count))
    return [(round(x, DIGITS), round(y, DIGITS)) for x, y in places]


def _along(points: Sequence[Point], lengths: Sequence[float], distance: float) -> Point:
    """The point at a distance from the start of a polyline."""
    for start, end, length in zip(points, points[1:], lengths, strict=False):
        if distance <= length and length > 0:
            share = distance / length
            return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
        distance -= length
    return points[-1]
