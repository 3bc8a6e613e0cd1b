"""Shapes without a meaning."""

import numpy as np

from semsam_annotate.training.scenes.node import Node, piece
from semsam_annotate.training.scenes.shapes import blob


def lumps(rng: np.random.Generator) -> Node:
    """Nested shapes without a meaning, three levels deep: grouping alone, no names."""

    def inside(x: float, y: float, radius: float, depth: int) -> tuple[Node, ...]:
        if depth == 0:
            return ()
        found: list[Node] = []
        for _ in range(int(rng.integers(1, 4))):
            angle, share = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.5)
            cx, cy, r = x + radius * 0.5 * np.cos(angle), y + radius * 0.5 * np.sin(angle), radius * share
            found.append(piece("", blob(rng, cx, cy, r), *inside(cx, cy, r, depth - 1), clip=True))
        return tuple(found)

    return piece("", blob(rng, 0, 0, 0.85, 0.35), *inside(0, 0, 0.85, int(rng.integers(1, 4))))
