"""Things that drive, float and fly."""

from itertools import pairwise

import numpy as np

from semsam_annotate.training.scenes.node import Node, piece, row
from semsam_annotate.training.scenes.shapes import box, ellipse, limb, petal, polygon, ring, sector, smooth


def wheel(x: float, y: float, radius: float, spokes: int = 0) -> Node:
    """A tyre with its hub, and spokes on the hub."""
    inner = radius * 0.55
    arms = [
        piece("spoke", limb([(x, y), (x + inner * np.cos(a), y + inner * np.sin(a))], radius * 0.07, radius * 0.07))
        for a in np.arange(spokes) * 2 * np.pi / max(spokes, 1)
    ]
    hub = piece("hub", ellipse(x, y, inner), *row(arms), tint="metal")
    return piece("wheel", ellipse(x, y, radius), hub, tint="dark")


def truck(rng: np.random.Generator) -> Node:
    """A lorry from the side: cargo, cab with window and door, wheels, light, bumper."""
    split, top, r = rng.uniform(0.2, 0.45), rng.uniform(-0.65, -0.35), rng.uniform(0.15, 0.22)
    slope = rng.uniform(0.05, 0.25)
    window = piece(
        "window", polygon((split + 0.12, -0.2), (0.82 - slope, -0.2), (0.85, 0.08), (split + 0.12, 0.08)), tint="glass"
    )
    handle = piece("handle", box(split + 0.16, 0.2, split + 0.24, 0.24), tint="metal")
    door = piece("door", box(split + 0.1, 0.12, split + 0.36, 0.4), handle)
    cab = piece(
        "cab",
        polygon((split, -0.3), (0.9 - slope, -0.3), (0.95, 0.1), (1, 0.45), (split, 0.45)),
        window,
        door,
        piece("headlight", ellipse(0.93, 0.28, 0.06), tint="light"),
    )
    cargo = piece(
        "cargo",
        box(-1, top, split - 0.02, 0.38, rng.uniform(0, 0.06)),
        piece("logo", ellipse(-0.35, (top + 0.3) / 2, 0.25, 0.13), clip=True),
    )
    wheels = [
        wheel(x, 0.48, r, int(rng.integers(0, 6)))
        for x in ((-0.7, -0.25, 0.68) if rng.random() < 0.5 else (-0.6, 0.66))
    ]
    return piece("truck", None, piece("bumper", box(0.5, 0.38, 1.04, 0.5), tint="metal"), cargo, cab, *row(wheels))


def bus(rng: np.random.Generator) -> Node:
    """A bus from the side with a row of windows."""
    count, top = int(rng.integers(3, 7)), rng.uniform(-0.6, -0.4)
    edges = np.linspace(-0.9, 0.55, count + 1)
    panes = [
        piece("window", box(a + 0.03, top + 0.12, b - 0.03, top + 0.45, 0.03), tint="glass") for a, b in pairwise(edges)
    ]
    door = piece(
        "door", box(0.62, top + 0.12, 0.88, 0.38), piece("window", box(0.66, top + 0.16, 0.84, top + 0.4), tint="glass")
    )
    stripe = piece("stripe", box(-1, top + 0.55, 1, top + 0.65), clip=True)
    body = piece(
        "body",
        box(-1, top, 1, 0.42, 0.12),
        stripe,
        *row(panes),
        door,
        piece("headlight", box(0.9, 0.15, 0.99, 0.26), tint="light"),
    )
    return piece("bus", None, body, wheel(-0.6, 0.42, 0.18, 5), wheel(0.5, 0.42, 0.18, 5))


def bicycle(rng: np.random.Generator) -> Node:
    """Two wheels, frame, saddle, handlebar and pedals."""
    w, r = rng.uniform(0.025, 0.05), rng.uniform(0.36, 0.44)

    def rim(x: float) -> Node:
        return piece("wheel", ring(x, 0.3, r, r * 0.82), piece("hub", ellipse(x, 0.3, 0.07), tint="metal"), tint="dark")

    frame = piece(
        "frame",
        None,
        piece("tube", limb([(-0.55, 0.3), (-0.2, -0.25), (0.4, -0.25)], w, w)),
        piece("tube", limb([(-0.55, 0.3), (0, 0.3), (0.42, -0.2)], w, w)),
        piece("fork", limb([(0.36, -0.42), (0.58, 0.3)], w, w)),
    )
    return piece(
        "bicycle",
        None,
        rim(-0.55),
        rim(0.58),
        frame,
        piece("saddle", smooth([(-0.38, -0.36), (-0.05, -0.34), (-0.1, -0.27), (-0.34, -0.25)]), tint="dark"),
        piece("handlebar", limb([(0.3, -0.5), (0.4, -0.46), (0.55, -0.5)], 0.04, 0.03), tint="dark"),
        piece("pedal", ellipse(0, 0.32, 0.09), tint="metal"),
    )


def boat(rng: np.random.Generator) -> Node:
    """A sailing boat."""
    sails = [
        piece(
            "sail",
            polygon((0.03, -0.95), (0.03, 0.15), (rng.uniform(0.5, 0.85), 0.15)),
            piece("patch", ellipse(0.2, -0.15, 0.1), clip=True),
            tint="light",
        ),
        piece("sail", polygon((-0.05, -0.8), (-0.05, 0.12), (-rng.uniform(0.4, 0.7), 0.12)), tint="light"),
    ]
    ports = [
        piece("window", ellipse(x, 0.42, 0.06), tint="glass") for x in np.linspace(-0.5, 0.4, int(rng.integers(1, 5)))
    ]
    hull = piece(
        "hull",
        smooth([(-1, 0.25), (1, 0.22), (0.75, 0.7), (-0.7, 0.7)], 1),
        piece("keel", box(-1, 0.58, 1, 0.8), clip=True),
        *row(ports),
    )
    return piece(
        "boat",
        None,
        piece("mast", box(-0.03, -1, 0.03, 0.3), tint="wood"),
        *row(sails[: int(rng.integers(1, 3))]),
        hull,
        piece("flag", polygon((0.03, -1), (0.3, -0.92), (0.03, -0.84))),
    )


def airplane(rng: np.random.Generator) -> Node:
    """An aeroplane from above or slightly from the side."""
    sweep, span = rng.uniform(0.1, 0.4), rng.uniform(0.6, 0.95)
    panes = [
        piece("window", ellipse(x, -0.02, 0.03, 0.045), tint="glass")
        for x in np.linspace(-0.4, 0.5, int(rng.integers(3, 8)))
    ]
    engine = [
        piece("engine", box(-0.05 - sweep * 0.5, y - 0.06, 0.2 - sweep * 0.5, y + 0.06, 0.05), tint="metal")
        for y in (-0.4, 0.4)
    ]
    body = piece(
        "fuselage",
        smooth([(-1, -0.05), (0.7, -0.15), (1.05, 0), (0.7, 0.15), (-1, 0.06)]),
        *row(panes),
        piece("cockpit", sector(0.78, 0, 0.14, -0.2, 0.2), tint="glass"),
    )
    wings = [
        piece("wing", polygon((0.3, 0), (-0.1 - sweep, side * span), (-0.3 - sweep, side * span), (-0.2, 0)))
        for side in (-1, 1)
    ]
    tails = [piece("tail", polygon((-0.7, 0), (-1, s * 0.35), (-1.1, s * 0.35), (-0.98, 0))) for s in (-1, 1)]
    return piece("airplane", None, *row(wings), *row(engine), *row(tails), body)


def tractor(rng: np.random.Generator) -> Node:
    """A tractor: one big and one small wheel, engine, cabin, exhaust."""
    r = rng.uniform(0.38, 0.5)
    cabin = piece(
        "cabin",
        polygon((-0.6, -0.75), (0.0, -0.75), (0.08, 0.15), (-0.6, 0.15)),
        piece("window", polygon((-0.52, -0.62), (-0.06, -0.62), (0, -0.1), (-0.52, -0.1)), tint="glass"),
    )
    grill = [piece("grill", box(0.2, y, 0.75, y + 0.05), tint="dark") for y in (-0.1, 0.0, 0.1)]
    engine = piece(
        "engine",
        box(0.0, -0.2, 0.9, 0.35, 0.08),
        *row(grill),
        piece("headlight", ellipse(0.84, -0.1, 0.06), tint="light"),
    )
    return piece(
        "tractor",
        None,
        piece("exhaust", box(0.5, -0.7, 0.57, -0.2), tint="metal"),
        engine,
        cabin,
        wheel(-0.45, 0.35, r, int(rng.integers(0, 7))),
        wheel(0.65, 0.5, 0.26),
    )


def helicopter(rng: np.random.Generator) -> Node:
    """A helicopter from the side."""
    cabin = piece(
        "cabin",
        ellipse(0.3, 0, 0.5, 0.34),
        piece("window", sector(0.35, -0.02, 0.38, -0.22, 0.08), tint="glass", clip=True),
        piece("door", box(0.05, -0.1, 0.28, 0.24, 0.04), piece("handle", box(0.08, 0.06, 0.14, 0.09), tint="dark")),
    )
    return piece(
        "helicopter",
        None,
        piece(
            "tail",
            limb([(0, -0.05), (-0.95, -0.15)], 0.14, 0.05),
            piece("rotor", petal(-0.95, -0.15, 0.28, 0.1, rng.uniform(0, 6)), tint="dark"),
        ),
        piece("skid", limb([(-0.1, 0.42), (0.75, 0.42)], 0.035, 0.035), tint="metal"),
        cabin,
        piece("mast", box(0.22, -0.45, 0.3, -0.3), tint="metal"),
        piece("rotor", limb([(-0.7, -0.5), (0.26, -0.45), (1.1, -0.5)], 0.03, 0.03), tint="dark"),
    )
