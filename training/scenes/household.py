"""Things one eats from, sits on or carries."""

from itertools import pairwise

import numpy as np

from semsam_annotate.training.scenes.node import Node, piece, row
from semsam_annotate.training.scenes.shapes import blob, box, ellipse, limb, polygon, ring, sector, smooth


def cup(rng: np.random.Generator) -> Node:
    """A mug with a handle, a rim and what is in it."""
    foot, side = rng.uniform(0.35, 0.6), (1 if rng.random() < 0.5 else -1)
    print_on = [piece("print", ellipse(0, 0.2, 0.22), clip=True), piece("band", box(-1, 0.1, 1, 0.35), clip=True)]
    body = piece(
        "body",
        smooth([(-0.6, -0.5), (0.6, -0.5), (foot, 0.8), (-foot, 0.8)], 1),
        *row([print_on[int(rng.integers(2))]] if rng.random() < 0.6 else []),
    )
    rim = piece("rim", ellipse(0, -0.45, 0.54, 0.16), piece("drink", ellipse(0, -0.43, 0.45, 0.11), tint="brown"))
    return piece("cup", None, piece("handle", ring(side * 0.6, 0.1, 0.36, 0.22)), body, rim)


def bottle(rng: np.random.Generator) -> Node:
    """Body with a label, neck, cap."""
    w, shoulder = rng.uniform(0.25, 0.4), rng.uniform(-0.35, 0.0)
    logo = piece("logo", ellipse(0, 0.4, w * 0.45, 0.1))
    label = piece("label", box(-1, 0.15, 1, 0.68), logo, clip=True, tint="light")
    body = piece(
        "body",
        smooth(
            [(-w, shoulder), (-0.1, shoulder - 0.2), (0.1, shoulder - 0.2), (w, shoulder), (w, 0.98), (-w, 0.98)], 1
        ),
        label,
    )
    neck = piece("neck", box(-0.12, -0.8, 0.12, shoulder - 0.05))
    return piece("bottle", None, neck, body, piece("cap", box(-0.15, -1, 0.15, -0.78, 0.03)))


def chair(rng: np.random.Generator) -> Node:
    """Seat, back with slats, legs."""
    legs = [
        piece("leg", limb([(x, 0.1), (x * 1.15, y)], 0.05, 0.04), tint="wood")
        for x, y in ((-0.45, 0.8), (0.3, 0.8), (-0.28, 0.98), (0.5, 0.98))
    ]
    slats = [
        piece("slat", box(x - 0.05, -0.75, x + 0.05, 0), tint="wood")
        for x in np.linspace(-0.32, 0.32, int(rng.integers(2, 6)))
    ]
    back = piece("back", None, *row(slats), piece("rail", box(-0.45, -0.95, 0.45, -0.72, 0.05), tint="wood"))
    seat = piece(
        "seat",
        polygon((-0.5, -0.05), (0.42, -0.05), (0.58, 0.22), (-0.4, 0.22)),
        *row([piece("cushion", ellipse(0.03, 0.07, 0.4, 0.1))] if rng.random() < 0.5 else []),
    )
    return piece("chair", None, *row(legs), back, seat)


def cabinet(rng: np.random.Generator) -> Node:
    """Doors and drawers with knobs."""
    count, across = int(rng.integers(2, 5)), int(rng.integers(1, 3))
    fronts: list[Node] = []
    for i in range(across):
        for j in range(count):
            x0, x1 = -0.75 + 1.5 * i / across + 0.05, -0.75 + 1.5 * (i + 1) / across - 0.05
            y0, y1 = -0.9 + 1.7 * j / count + 0.05, -0.9 + 1.7 * (j + 1) / count - 0.05
            fronts.append(
                piece(
                    "drawer",
                    box(x0, y0, x1, y1),
                    piece("knob", ellipse((x0 + x1) / 2, (y0 + y1) / 2, 0.06), tint="metal"),
                    tint="wood",
                )
            )
    feet = [piece("leg", box(x - 0.08, 0.75, x + 0.08, 1), tint="wood") for x in (-0.65, 0.65)]
    return piece("cabinet", None, *row(feet), piece("body", box(-0.78, -0.93, 0.78, 0.83), *row(fronts), tint="wood"))


def meal(rng: np.random.Generator) -> Node:
    """A plate with food on it."""
    kinds = ("rice", "bread", "tofu", "egg", "tomato", "broccoli")
    food: list[Node] = []
    for kind in rng.choice(kinds, int(rng.integers(2, 5)), replace=False):
        a, d, r = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 0.4), rng.uniform(0.16, 0.28)
        x, y = d * np.cos(a), d * np.sin(a)
        core = {
            "egg": [piece("yolk", ellipse(x, y, r * 0.45), tint="warm")],
            "tomato": [piece("seed", ellipse(x, y, r * 0.35), clip=True)],
        }
        tint = {"rice": "light", "bread": "brown", "egg": "light", "tomato": "warm", "broccoli": "leaf"}.get(
            str(kind), ""
        )
        food.append(piece(str(kind), blob(rng, x, y, r, 0.3), *row(core.get(str(kind), [])), tint=tint))
    return piece(
        "plate",
        ellipse(0, 0, 0.95, rng.uniform(0.6, 0.95)),
        piece("well", ellipse(0, 0, 0.68, 0.55), *row(food)),
        tint="light",
    )


def umbrella(rng: np.random.Generator) -> Node:
    """Panels over a stick with a hooked handle."""
    count = int(rng.integers(3, 6))
    edges = np.linspace(0.5, 1.0, count + 1)
    panels = [piece("panel", sector(0, 0, 0.95, a, b)) for a, b in pairwise(edges)]
    handle = piece("handle", sector(0.12, 0.75, 0.17, 0.0, 0.5, inner=0.09), tint="wood")
    return piece(
        "umbrella",
        None,
        piece("shaft", box(-0.025, -0.2, 0.025, 0.8), tint="metal"),
        handle,
        piece("canopy", None, *row(panels)),
        piece("tip", box(-0.02, -1.06, 0.02, -0.92), tint="metal"),
    )


def backpack(rng: np.random.Generator) -> Node:
    """A bag with pockets, zips and straps."""
    zips = [piece("zip", box(-0.36, 0.24, 0.36, 0.29), tint="metal")]
    pocket = piece("pocket", box(-0.42, 0.18, 0.42, 0.75, 0.12), *row(zips), piece("badge", ellipse(0.15, 0.5, 0.1)))
    sides = [piece("side pocket", box(s * 0.55 - 0.1, 0.3, s * 0.55 + 0.1, 0.8, 0.05)) for s in (-1, 1)]
    body = piece("body", box(-0.58, -0.75, 0.58, 0.9, 0.3), piece("flap", sector(0, -0.4, 0.52, 0.0, 0.5)), pocket)
    return piece(
        "backpack", None, piece("handle", ring(0, -0.78, 0.2, 0.12)), *row(sides if rng.random() < 0.6 else []), body
    )


def pizza(rng: np.random.Generator) -> Node:
    """A pizza, perhaps with a slice taken, and its toppings."""
    whole = rng.random() < 0.5
    cut = rng.uniform(0, 1)
    outline = ellipse(0, 0, 0.95) if whole else sector(0, 0, 0.95, cut, cut + 0.85)
    cheese = ellipse(0, 0, 0.8) if whole else sector(0, 0, 0.8, cut, cut + 0.85)
    bits = [
        piece(
            str(rng.choice(["olive", "salami", "basil"])),
            ellipse(r * np.cos(a), r * np.sin(a), s),
            *row([piece("hole", ellipse(r * np.cos(a), r * np.sin(a), s * 0.4))] if s < 0.1 else []),
            clip=True,
        )
        for r, a, s in zip(rng.uniform(0.1, 0.7, 9), rng.uniform(0, 6.3, 9), rng.uniform(0.07, 0.17, 9), strict=True)
    ]
    return piece(
        "pizza", outline, piece("topping", cheese, *row(bits[: int(rng.integers(3, 10))]), tint="warm"), tint="brown"
    )


def ball(rng: np.random.Generator) -> Node:
    """A ball with panels."""
    marks = [
        piece("patch", ellipse(0.55 * np.cos(a), 0.55 * np.sin(a), 0.24, points=5), tint="dark", clip=True)
        for a in np.arange(5) * 2 * np.pi / 5
    ]
    bands = [piece("stripe", limb([(-1, y), (0, y + 0.2), (1, y)], 0.1, 0.1), clip=True) for y in (-0.4, 0.3)]
    return piece("ball", ellipse(0, 0, 0.9), *row(marks if rng.random() < 0.5 else bands))
