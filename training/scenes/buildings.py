"""Things that stand and have doors."""

import numpy as np

from semsam_annotate.training.scenes.node import Node, piece, row
from semsam_annotate.training.scenes.shapes import box, ellipse, polygon, ring, sector


def window(x: float, y: float, w: float, h: float, rng: np.random.Generator) -> Node:
    """A framed window with one to four panes."""
    across, down = int(rng.integers(1, 3)), int(rng.integers(1, 3))
    panes = [
        piece(
            "pane",
            box(
                x + w * (i + 0.14) / across,
                y + h * (j + 0.14) / down,
                x + w * (i + 0.9) / across,
                y + h * (j + 0.9) / down,
            ),
            tint="glass",
        )
        for i in range(across)
        for j in range(down)
    ]
    return piece("window", box(x, y, x + w, y + h), *row(panes), tint="light")


def door(x: float, y: float, w: float, h: float, rng: np.random.Generator) -> Node:
    """A door with a handle, sometimes with a pane."""
    side = x + w * (0.18 if rng.random() < 0.5 else 0.82)
    extras = [piece("pane", box(x + 0.25 * w, y + 0.12 * h, x + 0.75 * w, y + 0.38 * h), tint="glass")]
    return piece(
        "door",
        box(x, y, x + w, y + h),
        *row(extras if rng.random() < 0.5 else []),
        piece("handle", ellipse(side, y + h * 0.55, w * 0.1), tint="metal"),
        tint="wood",
    )


def house(rng: np.random.Generator) -> Node:
    """Wall, roof, chimney, door, windows."""
    eaves, side = rng.uniform(-0.3, 0), rng.uniform(0.6, 0.85)
    ridge = rng.uniform(0.0, 0.5)
    roof = piece(
        "roof", polygon((-ridge, -0.95), (ridge, -0.95), (side + 0.15, eaves), (-side - 0.15, eaves)), tint="brick"
    )
    at = rng.uniform(-0.15, 0.1)
    wide = rng.uniform(0.22, 0.3)
    opening = [window(x, eaves + 0.2, wide, rng.uniform(0.25, 0.4), rng) for x in (-side + 0.12, side - 0.12 - wide)]
    wall = piece("wall", box(-side, eaves - 0.02, side, 0.9), *row(opening), door(at, 0.3, 0.28, 0.6, rng))
    chimney = piece("chimney", box(0.35, -1, 0.52, -0.4), tint="brick")
    return piece("house", None, chimney, wall, roof)


def facade(rng: np.random.Generator) -> Node:
    """A front of flats: a grid of windows, balconies with fences, shops on the ground floor."""
    across, down = int(rng.integers(2, 5)), int(rng.integers(2, 4))
    w, h = 1.7 / across, 1.35 / down
    share = rng.uniform(0.4, 0.6)
    panes: list[Node] = []
    balconies = rng.random() < 0.5
    for i in range(across):
        for j in range(down):
            x, y = -0.85 + w * (i + 0.5 - share / 2), -0.9 + h * (j + 0.18)
            panes.append(piece("window", box(x, y, x + w * share, y + h * 0.62), tint="glass"))
            if balconies and i % 2 == 0:
                panes.append(piece("balcony-fence", box(x - 0.04, y + h * 0.4, x + w * share + 0.04, y + h * 0.68)))
    shop = piece("shop", box(-0.8, 0.55, 0.3, 0.97), piece("sign", box(-0.75, 0.57, 0.2, 0.68)), tint="glass")
    return piece("facade", box(-0.9, -1, 0.9, 1), *row(panes), shop, door(0.45, 0.55, 0.25, 0.43, rng))


def church(rng: np.random.Generator) -> Node:
    """A nave and a tower with a clock."""
    tower_top = rng.uniform(-0.5, -0.3)
    clock = piece(
        "clock",
        ellipse(-0.55, tower_top + 0.25, 0.13),
        piece("hand", box(-0.56, tower_top + 0.14, -0.53, tower_top + 0.26), tint="dark"),
        tint="light",
    )
    tower = piece("tower", box(-0.8, tower_top, -0.3, 0.9), clock, door(-0.66, 0.5, 0.22, 0.4, rng))
    panes = [
        piece(
            "window",
            np.concatenate([sector(x, 0.3, 0.07, 0.5, 1.0)[:-1], box(x - 0.07, 0.3, x + 0.07, 0.62)[2:]]),
            tint="glass",
        )
        for x in np.linspace(-0.1, 0.7, int(rng.integers(2, 5)))
    ]
    nave = piece("nave", box(-0.35, 0.1, 0.9, 0.9), *row(panes))
    return piece(
        "church",
        None,
        nave,
        piece("roof", polygon((-0.35, -0.25), (0.85, -0.25), (0.98, 0.12), (-0.4, 0.12)), tint="brick"),
        tower,
        piece("spire", polygon((-0.55, -1), (-0.25, tower_top), (-0.85, tower_top)), tint="brick"),
    )


def tent(rng: np.random.Generator) -> Node:
    """A tent with an open flap."""
    tip = rng.uniform(-0.25, 0.25)
    flap = piece("flap", polygon((tip, -0.55), (tip + 0.12, 0.6), (tip + 0.4, 0.6)))
    opening = piece("opening", polygon((tip, -0.55), (tip + 0.3, 0.6), (tip - 0.3, 0.6)), flap, tint="dark")
    stripe = piece("stripe", polygon((tip, -0.75), (-0.6, 0.62), (-0.75, 0.62)), clip=True)
    return piece(
        "tent",
        None,
        piece("canopy", polygon((tip, -0.75), (1, 0.6), (-1, 0.6)), stripe, opening),
        piece("pole", box(tip - 0.02, -0.9, tip + 0.02, -0.7), tint="wood"),
    )


def gate(rng: np.random.Generator) -> Node:
    """Two posts, bars between them, and a lock."""
    bars = [
        piece("bar", box(x - 0.035, rng.uniform(-0.75, -0.6), x + 0.035, 0.75), tint="metal")
        for x in np.linspace(-0.65, 0.65, int(rng.integers(5, 9)))
    ]
    posts = [
        piece("post", box(x - 0.13, -0.8, x + 0.13, 0.85), piece("cap", ellipse(x, -0.85, 0.15)), tint="brick")
        for x in (-0.9, 0.9)
    ]
    rails = [piece("rail", box(-0.85, y - 0.04, 0.85, y + 0.04), tint="metal") for y in (-0.4, 0.5)]
    return piece(
        "gate", None, *row(bars), *row(rails), *row(posts), piece("lock", ring(0, 0.05, 0.16, 0.07), tint="metal")
    )
