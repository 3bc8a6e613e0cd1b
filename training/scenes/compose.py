"""A scene: backdrop, objects in their places, and what of each is seen."""

import zlib
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import BadInput
from semsam_annotate.training.data.record import OBJECT, PART, UNKNOWN, TrainingImage, relink
from semsam_annotate.training.scenes.backdrop import backdrop
from semsam_annotate.training.scenes.degrade import degrade
from semsam_annotate.training.scenes.family import Family, family_of
from semsam_annotate.training.scenes.paint import paint
from semsam_annotate.training.scenes.photos import photo_background
from semsam_annotate.training.scenes.pose import random_pose, whole_picture
from semsam_annotate.training.scenes.raster import Canvas, Piece

SMALLEST = 16
"""Masks of fewer visible pixels are not given."""
SAME = 0.95
"""A part that covers more than this share of its parent says nothing new and is not given."""


def generate(seed: int, size: int = 256, family: str = "base") -> TrainingImage:
    """A scene of ``size`` x ``size`` pixels with exact masks of what is visible, a pure function of its arguments.

    Nested masks hold each other: a part lies inside its parent. On photos the scene is not complete.
    Raises BadInput for an unknown family or size below 16.
    """
    if size < 16:
        raise BadInput(f"a scene has at least 16 pixels a side, not {size}")
    rng = np.random.default_rng([seed, zlib.crc32(family.encode())])
    canvas, chosen = Canvas(size), family_of(family)
    photo = photo_background(rng, size) if chosen.photos else None
    for region in [] if chosen.photos else backdrop(rng, chosen.tidy):
        canvas.draw(region, whole_picture(), layer=0)
    place_objects(rng, canvas, chosen)
    numbers = canvas.seen()
    image = degrade(rng, paint(rng, numbers, canvas.pieces, photo))
    return replace(annotate(image, numbers, canvas.pieces), complete=not chosen.photos)


def place_objects(rng: np.random.Generator, canvas: Canvas, family: Family) -> None:
    """Draw 3 to 10 objects of very different sizes, mostly the large ones behind; some come in several.

    How much detail they have differs from scene to scene, and small ones have less. Tidy: 2 to 4, none tiny, all with
    what tells them apart, and as far from each other as there is room.
    """
    choices, tries = family.makers, 24 if family.tidy else 5
    (count, least), most = (rng.integers(2, 5), 0.14) if family.tidy else (rng.integers(3, 6), 0.07), 0.42
    if family.tidy:
        most = 0.24
    halves = np.exp(rng.uniform(np.log(least), np.log(most), int(count)))
    detail = int(rng.choice([2, 3] if family.tidy else [0, 1, 1, 2, 3]))
    halves[0] = rng.uniform(0.22, 0.3 if family.tidy else 0.5)
    if rng.random() < 0.8:
        halves = np.sort(halves)[::-1]
    taken: list[tuple[float, float, float]] = []
    for half in halves:
        thing = choices[int(rng.integers(len(choices)))]
        pose = random_pose(rng, float(half), free_place(rng, float(half), taken, tries))
        step = 1.6 * float(half) * rng.choice([-1, 1])
        copies = int(rng.integers(2, 4)) if half < 0.2 and rng.random() < 0.3 and not family.tidy else 1
        for copy in range(copies):
            node = thing(rng).pruned(detail if half > 0.14 else 1 if half > 0.1 else 0)
            there = pose.moved(copy * step, rng.normal(0, 0.1) * half, float(np.exp(rng.normal(0, 0.08))))
            if canvas.room(node):
                canvas.draw(node, there, layer=len(taken) + 1)
                taken.append((*there.place, float(half)))


def free_place(
    rng: np.random.Generator, half: float, taken: list[tuple[float, float, float]], count: int
) -> tuple[float, float]:
    """Of ``count`` random places the one with the least overlap: objects hide each other in part, seldom in whole."""
    margin = min(0.5, half * 0.7)
    tries = rng.uniform(margin, 1 - margin, (count, 2)) if margin < 0.5 else rng.uniform(0.4, 0.6, (count, 2))
    crowd = [sum(max(0.0, half + r - np.hypot(x - a, y - b)) / min(half, r) for a, b, r in taken) for x, y in tries]
    x, y = tries[int(np.argmin(crowd))]
    return float(x), float(y)


def annotate(image: NDArray[np.uint8], numbers: NDArray[np.uint8], pieces: list[Piece]) -> TrainingImage:
    """Visible masks of all pieces: a piece's is where it or a descendant is seen."""
    counts = np.bincount(numbers.ravel(), minlength=len(pieces) + 1)[1:]
    below = np.append(0, np.cumsum(counts))
    areas = np.array([below[piece.stop] - below[row] for row, piece in enumerate(pieces)], np.int64)
    parents = np.array([piece.parent for piece in pieces], np.int64)
    whole = np.where(parents >= 0, areas[parents], np.iinfo(np.int64).max) if len(pieces) else areas
    keep = (areas >= SMALLEST) & (areas <= SAME * whole)
    starts = np.array([row + 1 for row in range(len(pieces))], np.uint8)
    stops = np.array([piece.stop for piece in pieces], np.uint8)
    chosen = np.flatnonzero(keep)
    # Numbers of a piece and its descendants are consecutive, so one comparison finds them all.
    masks = (numbers - starts[chosen, None, None]) <= (stops - starts)[chosen, None, None]
    return _record(image, masks, [pieces[row] for row in chosen], parents, keep)


def _record(
    image: NDArray[np.uint8],
    masks: NDArray[np.bool_],
    shown: list[Piece],
    parents: NDArray[np.int64],
    keep: NDArray[np.bool_],
) -> TrainingImage:
    nested = np.array([piece.parent >= 0 for piece in shown], bool)
    named = np.array([bool(piece.root) for piece in shown], bool)
    kinds = np.where(nested, PART, np.where(named, OBJECT, UNKNOWN)).astype(np.int8)
    return TrainingImage(
        image=image,
        masks=masks,
        kinds=kinds,
        objects=tuple(piece.root or None for piece in shown),
        parts=tuple((piece.node.name or None) if piece.parent >= 0 else None for piece in shown),
        parents=relink(parents, keep),
        complete=True,
    )
