"""A family of its own: objects that shipped training never sees, for showing that a model learns something new."""

import numpy as np

from semsam_annotate.training.scenes.animals import eye
from semsam_annotate.training.scenes.buildings import door
from semsam_annotate.training.scenes.node import Node, piece, row
from semsam_annotate.training.scenes.shapes import blob, box, ellipse, limb, petal, polygon, ring, sector, smooth


def lantern(rng: np.random.Generator) -> Node:
    """Frame, glass with a flame, roof, handle, base."""
    w = rng.uniform(0.35, 0.5)
    flame = piece(
        "flame",
        petal(0, 0.4, 0.5, 0.25, -np.pi / 2),
        piece("wick", box(-0.02, 0.3, 0.02, 0.42), tint="dark"),
        tint="warm",
    )
    bars = [piece("frame", box(x - 0.04, -0.4, x + 0.04, 0.55), tint="metal") for x in (-w, 0 - w / 3, w / 3, w)]
    glass = piece("glass", box(-w, -0.4, w, 0.55), flame, tint="glass")
    return piece(
        "lantern",
        None,
        piece("handle", ring(0, -0.75, 0.26, 0.19), tint="metal"),
        glass,
        *row(bars if rng.random() < 0.5 else [bars[0], bars[-1]]),
        piece("cap", polygon((-0.12, -0.72), (0.12, -0.72), (w + 0.12, -0.36), (-w - 0.12, -0.36)), tint="metal"),
        piece("base", box(-w - 0.1, 0.5, w + 0.1, 0.75, 0.05), tint="metal"),
    )


def windmill(rng: np.random.Generator) -> Node:
    """Tower with door and windows, cap, four blades on a hub."""
    start = rng.uniform(0, np.pi / 2)
    blades = [
        piece(
            "blade",
            limb(
                [(0.12 * np.cos(a), -0.35 + 0.12 * np.sin(a)), (0.72 * np.cos(a), -0.35 + 0.72 * np.sin(a))], 0.06, 0.12
            ),
        )
        for a in start + np.arange(4) * np.pi / 2
    ]
    panes = [piece("window", box(-0.07, y, 0.07, y + 0.16), tint="glass") for y in (0.0, 0.3)]
    tower = piece(
        "tower",
        polygon((-0.22, -0.35), (0.22, -0.35), (0.42, 1), (-0.42, 1)),
        *row(panes),
        door(-0.12, 0.65, 0.24, 0.33, rng),
    )
    return piece(
        "windmill",
        None,
        tower,
        piece("cap", sector(0, -0.33, 0.28, 0.5, 1.0), tint="brick"),
        *row(blades),
        piece("hub", ellipse(0, -0.35, 0.09), tint="dark"),
    )


def balloon(rng: np.random.Generator) -> Node:
    """A hot-air balloon: envelope with gores, ropes, basket."""
    count = int(rng.integers(2, 5))
    gores = [piece("gore", ellipse(0, -0.3, w, 0.66), clip=True) for w in np.linspace(0.5, 0.15, count)]
    ropes = [piece("rope", limb([(s * 0.3, 0.25), (s * 0.14, 0.68)], 0.015, 0.015), tint="dark") for s in (-1, 1)]
    basket = piece("basket", box(-0.17, 0.66, 0.17, 0.95, 0.03), piece("rim", box(-0.2, 0.64, 0.2, 0.71)), tint="wood")
    envelope = piece(
        "envelope",
        smooth([(-0.7, -0.95), (0.7, -0.95), (0.75, -0.1), (0.2, 0.42), (-0.2, 0.42), (-0.75, -0.1)]),
        *row(gores),
        piece("skirt", box(-0.5, 0.25, 0.5, 0.5), clip=True),
    )
    return piece("hot-air balloon", None, *row(ropes), envelope, basket)


def snowman(rng: np.random.Generator) -> Node:
    """Three balls, hat, carrot, scarf, coal and twigs."""
    coal = [piece("coal", ellipse(0, y, 0.035), tint="dark") for y in (-0.15, 0.0, 0.15)]
    twigs = [
        piece("twig", limb([(s * 0.25, -0.1), (s * 0.6, rng.uniform(-0.5, 0))], 0.025, 0.015), tint="wood")
        for s in (-1, 1)
    ]
    carrot = piece("carrot", polygon((-0.02, -0.56), (0.3, -0.5), (-0.02, -0.46)), tint="warm")
    head = piece(
        "head",
        ellipse(0, -0.55, 0.24),
        piece("coal", ellipse(-0.08, -0.62, 0.03), tint="dark"),
        piece("coal", ellipse(0.08, -0.62, 0.03), tint="dark"),
        carrot,
        tint="light",
    )
    hat = piece(
        "top hat",
        None,
        piece("brim", box(-0.28, -0.78, 0.28, -0.72)),
        piece("crown", box(-0.18, -1.05, 0.18, -0.75), piece("ribbon", box(-0.2, -0.84, 0.2, -0.78), clip=True)),
        tint="dark",
    )
    scarf = piece(
        "scarf", box(-0.24, -0.38, 0.24, -0.27, 0.04), piece("tassel", box(0.06, -0.3, 0.17, 0.02)), tint="warm"
    )
    return piece(
        "snowman",
        None,
        *row(twigs),
        piece("snowball", ellipse(0, 0.6, 0.45, 0.4), tint="light"),
        piece("snowball", ellipse(0, 0, 0.33, 0.32), *row(coal), tint="light"),
        head,
        scarf,
        *row([hat] if rng.random() < 0.8 else []),
    )


def crab(rng: np.random.Generator) -> Node:
    """Shell, claws, legs, eyes on stalks."""
    legs = [
        piece(
            "leg", limb([(s * 0.4, 0.15 + 0.12 * i), (s * 0.75, 0.1 + 0.2 * i), (s * 0.9, 0.35 + 0.2 * i)], 0.05, 0.02)
        )
        for s in (-1, 1)
        for i in range(3)
    ]
    claws: list[Node] = []
    for s in (-1, 1):
        tips = [piece("pincer", petal(s * 0.72, -0.4, 0.4, 0.18, a)) for a in (-np.pi / 2 - 0.35, -np.pi / 2 + 0.35)]
        claws.append(piece("claw", ellipse(s * 0.72, -0.36, 0.16), *row(tips)))
        legs.append(piece("arm", limb([(s * 0.4, -0.05), (s * 0.7, -0.3)], 0.07, 0.06)))
    stalks = [
        piece("stalk", limb([(s * 0.15, -0.2), (s * 0.18, -0.5)], 0.03, 0.03), eye(s * 0.18, -0.52, 0.07))
        for s in (-1, 1)
    ]
    spots = [piece("spot", blob(rng, x, 0.1, 0.07), clip=True) for x in rng.uniform(-0.4, 0.4, int(rng.integers(0, 4)))]
    return piece(
        "crab",
        None,
        *row(legs),
        *row(stalks),
        *row(claws),
        piece("shell", smooth([(-0.6, -0.2), (0.6, -0.2), (0.5, 0.4), (-0.5, 0.4)]), *row(spots)),
        tint="warm",
    )


def rocket(rng: np.random.Generator) -> Node:
    """Nose, body with portholes, fins, flame."""
    fins = [piece("fin", polygon((s * 0.2, 0.2), (s * 0.6, 0.75), (s * 0.2, 0.6))) for s in (-1, 1)]
    holes = [
        piece("porthole", ellipse(0, y, 0.13), piece("pane", ellipse(0, y, 0.085), tint="glass"), tint="metal")
        for y in np.linspace(-0.3, 0.2, int(rng.integers(1, 3)))
    ]
    flame = piece(
        "flame",
        petal(0, 0.55, rng.uniform(0.3, 0.55), 0.35, np.pi / 2),
        piece("core", petal(0, 0.55, 0.25, 0.16, np.pi / 2), tint="light"),
        tint="warm",
    )
    body = piece(
        "body",
        smooth([(-0.27, -0.5), (0.27, -0.5), (0.27, 0.62), (-0.27, 0.62)], 1),
        piece("band", box(-1, 0.35, 1, 0.45), clip=True),
        *row(holes),
    )
    return piece(
        "rocket", None, flame, *row(fins), body, piece("nose cone", smooth([(0, -1.1), (0.3, -0.42), (-0.3, -0.42)], 1))
    )


def teapot(rng: np.random.Generator) -> Node:
    """Belly, spout, lid with a knob, handle."""
    round_ = rng.uniform(0.4, 0.5)
    flowers = [
        piece("ornament", ellipse(x, 0.15, 0.1), piece("dot", ellipse(x, 0.15, 0.05)), clip=True)
        for x in np.linspace(-0.3, 0.3, int(rng.integers(0, 4)))
    ]
    lid = piece("lid", sector(0, -0.22, 0.32, 0.5, 1.0), piece("knob", ellipse(0, -0.58, 0.08)))
    return piece(
        "teapot",
        None,
        piece("handle", ring(-0.62, 0.08, 0.33, 0.22)),
        piece("spout", limb([(0.4, 0.25), (0.7, 0.05), (0.95, -0.35)], 0.16, 0.06)),
        piece("belly", ellipse(0, 0.15, 0.6, round_), *row(flowers)),
        piece("foot", box(-0.32, 0.5, 0.32, 0.68)),
        lid,
    )


def octopus(rng: np.random.Generator) -> Node:
    """Head with eyes, eight arms with suckers."""
    arms: list[Node] = []
    for x in np.linspace(-0.38, 0.38, int(rng.integers(5, 9))):
        bend = rng.uniform(-0.25, 0.25)
        line = [(x, 0.05), (x * 1.5 + bend, 0.45), (x * 2.2 - bend * 0.3, 0.9)]
        suckers = [piece("sucker", ellipse(*line[1], 0.04, points=10), tint="light")]
        arms.append(piece("tentacle", limb(line, 0.1, 0.03), *row(suckers)))
    head = piece(
        "mantle",
        smooth([(-0.5, 0.15), (-0.55, -0.6), (0, -1.1), (0.55, -0.6), (0.5, 0.15)]),
        eye(-0.18, -0.15, 0.11),
        eye(0.18, -0.15, 0.11),
        piece("mouth", sector(0, 0.0, 0.1, 0, 0.5), tint="dark"),
    )
    return piece("octopus", None, *row(arms), head)
