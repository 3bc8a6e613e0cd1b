"""Which colour and surface every piece has."""

import colorsys

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.training.scenes.node import Tint
from semsam_annotate.training.scenes.raster import Piece

PLAIN, STRIPES, CHECKS, CLOUDS, GRAIN, DOTS, RINGS = range(7)
"""Surfaces."""

TINTS: dict[Tint, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "dark": ((0, 1), (0, 0.5), (0.04, 0.28)),
    "light": ((0, 1), (0, 0.18), (0.75, 1)),
    "metal": ((0.5, 0.7), (0, 0.15), (0.3, 0.85)),
    "glass": ((0.5, 0.65), (0.05, 0.5), (0.15, 0.9)),
    "wood": ((0.04, 0.1), (0.3, 0.75), (0.25, 0.75)),
    "brick": ((0.97, 1.07), (0.3, 0.8), (0.3, 0.8)),
    "leaf": ((0.18, 0.42), (0.3, 0.9), (0.2, 0.85)),
    "brown": ((0.04, 0.13), (0.3, 0.85), (0.2, 0.7)),
    "warm": ((0.95, 1.16), (0.5, 1), (0.5, 1)),
    "skin": ((0.02, 0.09), (0.2, 0.6), (0.35, 0.98)),
    "hair": ((0.02, 0.12), (0.1, 0.8), (0.05, 0.7)),
    "fur": ((0.03, 0.13), (0.05, 0.7), (0.1, 0.95)),
    "beak": ((0.05, 0.16), (0.4, 1), (0.4, 0.95)),
    "sky": ((0.53, 0.64), (0.1, 0.6), (0.5, 1)),
    "ground": ((0.05, 0.35), (0.1, 0.7), (0.2, 0.75)),
    "": ((0, 1), (0, 1), (0.15, 1)),
}
"""Word to ranges of hue (may pass 1), saturation and value."""


def random_colour(rng: np.random.Generator, tint: Tint) -> NDArray[np.float64]:
    """(3,) RGB 0..255 in the tint's range; one in six pieces ignores its tint."""
    if rng.random() < 0.17:
        tint = ""
    hue, saturation, value = (rng.uniform(*span) for span in TINTS[tint])
    if tint == "" and rng.random() < 0.5:
        saturation *= 0.4  # the world is greyer than a paint box
    return np.array(colorsys.hsv_to_rgb(hue % 1, saturation, value)) * 255


def colours(rng: np.random.Generator, pieces: list[Piece]) -> NDArray[np.float32]:
    """(len + 1, 2, 3) float32: two RGB colours a number, the first row for the bare backdrop.

    Like pieces of one object share theirs. A piece may be close to its parent's colour, never so close that its bound
    is lost altogether.
    """
    table = np.zeros((len(pieces) + 1, 2, 3), np.float32)
    table[0, 0] = random_colour(rng, "")
    table[0, 1] = second_colour(rng, table[0, 0])
    family: dict[tuple[int, str, str], int] = {}
    for index, piece in enumerate(pieces):
        above = pieces[piece.parent].node.name if piece.parent >= 0 else ""
        like = family.setdefault((piece.layer, above, piece.node.name), index)
        if like != index and piece.node.name and rng.random() < 0.9:
            table[index + 1] = table[like + 1] * np.float32(rng.uniform(0.93, 1.07))
            continue
        below = table[piece.parent + 1, 0] if piece.parent >= 0 else None
        table[index + 1, 0] = _apart(rng, _first_colour(rng, piece.node.tint, below), below)
        table[index + 1, 1] = second_colour(rng, table[index + 1, 0])
    return table


def second_colour(rng: np.random.Generator, first: NDArray[np.float32]) -> NDArray[np.float64]:
    """The other colour of a pattern: mostly a shade of the first."""
    if rng.random() < 0.7:
        return np.asarray(np.clip(first * rng.uniform(0.45, 1.5) + rng.normal(0, 8, 3), 0, 255))
    return random_colour(rng, "")


def surfaces(rng: np.random.Generator, pieces: list[Piece]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Kind of surface (len + 1,) uint8 and how strongly it shows (len + 1,) 0..1, alike for like pieces."""
    count = len(pieces) + 1
    kinds = rng.choice(7, count, p=[0.16, 0.13, 0.07, 0.3, 0.22, 0.06, 0.06]).astype(np.uint8)
    strength = (rng.beta(1.2, 2.2, count)).astype(np.float32)
    family: dict[tuple[int, str], int] = {}
    for index, piece in enumerate(pieces):
        like = family.setdefault((piece.layer, piece.node.name), index)
        kinds[index + 1], strength[index + 1] = kinds[like + 1], strength[like + 1]
    return kinds, strength


def _first_colour(rng: np.random.Generator, tint: Tint, below: NDArray[np.float32] | None) -> NDArray[np.float64]:
    if below is not None and rng.random() < (0.25 if tint else 0.45):
        return np.asarray(np.clip(below * rng.uniform(0.6, 1.45) + rng.normal(0, 10, 3), 0, 255))
    return random_colour(rng, tint)


def _apart(
    rng: np.random.Generator, colour: NDArray[np.float64], below: NDArray[np.float32] | None
) -> NDArray[np.float64]:
    if below is None or np.abs(colour - below).max() > 26:
        return colour
    step = rng.uniform(28, 60) * (1 if below.mean() < 128 else -1)
    return np.asarray(np.clip(below + step, 0, 255))
