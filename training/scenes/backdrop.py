"""What is behind the objects: nothing much, a landscape, a room, or clutter without names."""

import numpy as np

from semsam_annotate.training.scenes.node import Node, piece
from semsam_annotate.training.scenes.shapes import blob, box, horizon, limb, polygon, star


def backdrop(rng: np.random.Generator, tidy: bool = False) -> list[Node]:
    """Regions in the unit square, in order of drawing; nameless ones are clutter. ``tidy``: two plain regions."""
    if tidy:
        return plain(rng)
    kind = rng.choice(4, p=[0.25, 0.3, 0.2, 0.25])
    return ([], landscape(rng), room(rng), clutter(rng))[kind]


def plain(rng: np.random.Generator) -> list[Node]:
    """Sky over grass, or a wall over a floor."""
    line, slope = rng.uniform(0.35, 0.75), rng.uniform(-0.1, 0.1)
    far, near, tints = [("sky", "grass", ("sky", "leaf")), ("wall", "floor", ("light", "wood"))][int(rng.integers(2))]
    lower = polygon((-0.1, line - slope), (1.1, line + slope), (1.1, 1.1), (-0.1, 1.1))
    return [piece(far, box(-0.1, -0.1, 1.1, 1.1), tint=tints[0]), piece(near, lower, tint=tints[1])]


def landscape(rng: np.random.Generator) -> list[Node]:
    """Sky, perhaps mountains and a wood, ground; perhaps a road or water."""
    line = rng.uniform(0.25, 0.75)
    nodes = [piece("sky", box(-0.1, -0.1, 1.1, 1.1), tint="sky")]
    if rng.random() < 0.4:
        nodes.append(
            piece("cloud", blob(rng, rng.uniform(0, 1), line * 0.4, rng.uniform(0.06, 0.15), 0.4), tint="light")
        )
    if rng.random() < 0.4:
        nodes.append(piece("mountain", horizon(rng, line - 0.12, 0.15, int(rng.integers(2, 8)))))
    if rng.random() < 0.3:
        nodes.append(piece("trees", horizon(rng, line - 0.03, 0.05, int(rng.integers(8, 25))), tint="leaf"))
    name, tint = [("grass", "leaf"), ("ground", "ground"), ("sand", "brown"), ("snow", "light"), ("water", "sky")][
        int(rng.integers(5))
    ]
    nodes.append(piece(name, horizon(rng, line, rng.uniform(0, 0.05), int(rng.integers(1, 5))), tint=tint))
    if rng.random() < 0.35:
        x, w = rng.uniform(0.2, 0.8), rng.uniform(0.15, 0.5)
        nodes.append(
            piece(
                "road",
                polygon((x - 0.03, line + 0.05), (x + 0.03, line + 0.05), (x + w, 1.1), (x - w, 1.1)),
                tint="metal",
            )
        )
    return nodes


def room(rng: np.random.Generator) -> list[Node]:
    """Wall and floor; perhaps a picture, a rug, a table top."""
    line = rng.uniform(0.45, 0.85)
    slope = rng.uniform(-0.12, 0.12)
    nodes = [
        piece("wall", box(-0.1, -0.1, 1.1, 1.1)),
        piece("floor", polygon((-0.1, line - slope), (1.1, line + slope), (1.1, 1.1), (-0.1, 1.1)), tint="wood"),
    ]
    if rng.random() < 0.4:
        x, y, w, h = rng.uniform(0, 0.7), rng.uniform(0, 0.3), rng.uniform(0.1, 0.3), rng.uniform(0.1, 0.3)
        inner = piece("canvas", box(x + 0.02, y + 0.02, x + w - 0.02, y + h - 0.02))
        nodes.append(piece("picture", box(x, y, x + w, y + h), inner))
    if rng.random() < 0.35:
        x = rng.uniform(0.2, 0.8)
        nodes.append(
            piece("rug", polygon((x - 0.2, line + 0.06), (x + 0.2, line + 0.06), (x + 0.35, 1.0), (x - 0.35, 1.0)))
        )
    if rng.random() < 0.3:
        nodes.append(piece("table", box(-0.1, rng.uniform(0.6, 0.8), 1.1, 1.1), tint="wood"))
    return nodes


def clutter(rng: np.random.Generator) -> list[Node]:
    """A heap of nameless regions of several shapes and sizes."""
    nodes: list[Node] = []
    for _ in range(int(rng.integers(5, 13))):
        x, y, r = rng.uniform(0, 1), rng.uniform(0, 1), np.exp(rng.uniform(np.log(0.06), np.log(0.4)))
        shape = int(rng.integers(4))
        if shape == 0:
            outline = blob(rng, x, y, r, 0.35)
        elif shape == 1:
            outline = polygon(
                *(tuple(point) for point in rng.uniform(-r, r, (4, 2))[np.argsort(rng.random(4))] + (x, y))
            )
        elif shape == 2:
            outline = limb(
                [(x, y), (x + rng.normal(0, r), y + rng.normal(0, r)), (rng.random(), rng.random())], r * 0.15, r * 0.1
            )
        else:
            outline = star(x, y, r, r * rng.uniform(0.6, 1), int(rng.integers(3, 7)), rng.uniform(0, 6))
        nodes.append(piece("", outline))
    return nodes
