"""Things with eyes."""

import numpy as np

from semsam_annotate.training.scenes.node import Node, piece, row
from semsam_annotate.training.scenes.shapes import blob, box, ellipse, limb, petal, polygon, sector, smooth


def eye(x: float, y: float, radius: float) -> Node:
    """White with a pupil."""
    return piece(
        "eye",
        ellipse(x, y, radius, points=16),
        piece("pupil", ellipse(x, y, radius * 0.5, points=12), tint="dark"),
        tint="light",
    )


def quadruped(rng: np.random.Generator) -> Node:
    """A dog, horse, cow or sheep from the side."""
    name = str(rng.choice(["dog", "horse", "cow", "sheep"]))
    high = rng.uniform(0.12, 0.3)
    neck = rng.uniform(-0.75, -0.35)
    legs = [
        piece(
            "leg",
            limb([(x, 0.15), (x + rng.uniform(-0.08, 0.08), 0.5), (x + rng.uniform(-0.1, 0.1), 0.85)], 0.1, 0.055),
            piece("hoof", box(x - 0.2, 0.78, x + 0.2, 0.95), tint="dark", clip=True),
        )
        for x in (-0.5, -0.36, 0.3, 0.44)
    ]
    spots = [
        piece("spot", blob(rng, rng.uniform(-0.5, 0.4), rng.uniform(-0.15, 0.2), rng.uniform(0.07, 0.16)), clip=True)
        for _ in range(int(rng.integers(0, 4)))
    ]
    body = piece(
        "body", smooth([(-0.68, -high), (0.5, -high), (0.62, 0.2), (0.1, 0.36), (-0.6, 0.32)]), *row(spots), tint="fur"
    )
    muzzle = piece(
        "muzzle",
        ellipse(0.95, neck + 0.1, 0.12, 0.1),
        piece("nose", ellipse(1.02, neck + 0.07, 0.04), tint="dark"),
        tint="fur",
    )
    head = piece(
        "head",
        ellipse(0.75, neck, 0.24, 0.2),
        muzzle,
        eye(0.78, neck - 0.06, 0.05),
        piece("ear", petal(0.62, neck - 0.1, 0.25, 0.14, rng.uniform(-2.2, 2.4)), tint="fur"),
        tint="fur",
    )
    tail = piece(
        "tail",
        limb([(-0.62, -0.1), (-0.85, rng.uniform(-0.4, 0.1)), (-0.95, rng.uniform(-0.4, 0.5))], 0.06, 0.03),
        tint="fur",
    )
    return piece(
        name,
        None,
        tail,
        *row(legs[:2]),
        body,
        *row(legs[2:]),
        piece("neck", limb([(0.4, 0.0), (0.7, neck)], 0.2, 0.12), tint="fur"),
        head,
    )


def cat(rng: np.random.Generator) -> Node:
    """A cat's face and chest from the front."""
    ears = [
        piece(
            "ear",
            polygon((s * 0.75, -0.85), (s * 0.15, -0.55), (s * 0.7, -0.2)),
            piece("inner ear", polygon((s * 0.66, -0.7), (s * 0.32, -0.52), (s * 0.6, -0.35)), tint="skin"),
            tint="fur",
        )
        for s in (-1, 1)
    ]
    high = rng.uniform(0.08, 0.14)
    eyes = [
        piece(
            "eye",
            ellipse(s * 0.28, -0.2, 0.14, high),
            piece("pupil", ellipse(s * 0.28, -0.2, 0.04, high * 0.9), tint="dark"),
        )
        for s in (-1, 1)
    ]
    hairs = [
        piece("whisker", limb([(s * 0.15, 0.1), (s * 0.75, y)], 0.012, 0.006), tint="light")
        for s in (-1, 1)
        for y in (0.0, 0.15)
    ]
    muzzle = piece(
        "muzzle",
        ellipse(0, 0.1, 0.24, 0.17),
        piece("nose", polygon((-0.08, 0.0), (0.08, 0.0), (0, 0.09)), tint="skin"),
        piece("mouth", sector(0, 0.14, 0.08, 0, 0.5), tint="dark"),
        tint="light",
    )
    stripes = [piece("stripe", petal(x, -0.65, 0.28, 0.08, 1.57), clip=True) for x in (-0.18, 0, 0.18)]
    head = piece(
        "head",
        ellipse(0, -0.15, 0.66, 0.52),
        *row(stripes if rng.random() < 0.5 else []),
        *row(eyes),
        muzzle,
        *row(hairs),
        tint="fur",
    )
    body = piece("body", smooth([(-0.4, 0.2), (0.4, 0.2), (0.65, 1), (-0.65, 1)]), tint="fur")
    return piece("cat", None, body, *row(ears), head)


def bird(rng: np.random.Generator) -> Node:
    """A sitting bird from the side."""
    feathers = [
        piece("feather", petal(-0.1 - 0.12 * i, 0.0 + 0.05 * i, 0.55, 0.12, 2.6 + 0.12 * i))
        for i in range(int(rng.integers(1, 4)))
    ]
    wing = piece("wing", petal(0.25, -0.02, 0.85, 0.42, rng.uniform(2.6, 3.0)), *row(feathers))
    head = piece(
        "head", ellipse(0.5, -0.42, 0.24), piece("cheek", ellipse(0.55, -0.33, 0.1), clip=True), eye(0.56, -0.48, 0.06)
    )
    legs = [
        piece("leg", limb([(x, 0.4), (x + 0.03, 0.85), (x + 0.12, 0.87)], 0.025, 0.02), tint="beak")
        for x in (-0.05, 0.12)
    ]
    body = piece(
        "body",
        smooth([(-0.55, -0.05), (0.3, -0.5), (0.62, -0.1), (0.2, 0.5), (-0.3, 0.4)]),
        piece("belly", ellipse(0.2, 0.3, 0.35, 0.25, -0.5), clip=True),
    )
    beak = piece("beak", polygon((0.68, -0.5), (1, -0.38), (0.68, -0.32)), tint="beak")
    return piece(
        "bird",
        None,
        piece("tail", polygon((-0.4, 0), (-1, rng.uniform(0, 0.3)), (-0.95, 0.4), (-0.35, 0.2))),
        *row(legs),
        body,
        beak,
        head,
        wing,
    )


def fish(rng: np.random.Generator) -> Node:
    """A fish from the side."""
    bands = [
        piece("stripe", limb([(x, -0.6), (x + 0.08, 0), (x, 0.6)], 0.05, 0.05), clip=True)
        for x in np.linspace(-0.35, 0.35, int(rng.integers(0, 5)))
    ]
    height = rng.uniform(0.28, 0.5)
    body = piece(
        "body",
        smooth([(-0.7, 0), (0, -height * 1.25), (0.95, -0.08), (0.95, 0.08), (0, height * 1.25)]),
        *row(bands),
        piece("gill", sector(0.35, 0, 0.3, -0.12, 0.12, inner=0.24), clip=True),
        eye(0.62, -0.08, 0.07),
        piece("fin", petal(0.25, 0.08, 0.35, 0.2, rng.uniform(2.2, 3.6))),
    )
    fins = [
        piece("fin", polygon((-0.2, s * height * 0.6), (0.35, s * height * 0.7), (-0.25, s * (height + 0.3))))
        for s in (-1, 1)
    ]
    tail = piece("tail", smooth([(-0.55, 0), (-1, -0.42), (-0.85, 0), (-1, 0.42)], 1))
    return piece("fish", None, *row(fins), tail, body)


def butterfly(rng: np.random.Generator) -> Node:
    """Four wings with spots, seen from above."""
    wings: list[Node] = []
    tilt, spot = rng.uniform(0.4, 0.9), rng.uniform(0.08, 0.16)
    for side in (-1, 1):
        low = petal(side * 0.04, 0.05, 0.8, 0.5, np.pi / 2 - side * tilt)
        centre = (side * 0.62, -0.42)
        dot = piece("spot", ellipse(*centre, spot), piece("spot core", ellipse(*centre, spot * 0.5)), clip=True)
        high = smooth([(side * 0.05, 0), (side * 0.35, -0.85), (side * 1.0, -0.7), (side * 0.75, -0.05)])
        wings += [
            piece("wing", low, piece("spot", ellipse(side * 0.4, 0.5, spot * 0.8), clip=True)),
            piece("wing", high, dot),
        ]
    feelers = [
        piece("antenna", limb([(0, -0.4), (s * 0.12, -0.65), (s * 0.25, -0.8)], 0.015, 0.015), tint="dark")
        for s in (-1, 1)
    ]
    body = piece("body", ellipse(0, 0.05, 0.07, 0.42), piece("head", ellipse(0, -0.38, 0.09)), tint="dark")
    return piece("butterfly", None, *row(wings), *row(feelers), body)


def turtle(rng: np.random.Generator) -> Node:
    """A turtle from above."""
    scutes = [
        piece("scute", ellipse(0.42 * np.cos(a), 0.33 * np.sin(a), 0.19, 0.15, points=6))
        for a in np.arange(6) * np.pi / 3
    ]
    shell = piece("shell", ellipse(0, 0, 0.72, 0.58), *row(scutes), piece("scute", ellipse(0, 0, 0.2, 0.16, points=6)))
    legs = [
        piece("flipper", petal(x, y, 0.55, 0.24, a + rng.uniform(-0.4, 0.4)))
        for x, y, a in ((0.35, -0.35, -0.8), (0.35, 0.35, 0.8), (-0.4, -0.3, -2.3), (-0.4, 0.3, 2.3))
    ]
    head = piece("head", ellipse(0.85, 0, 0.2, 0.16), eye(0.92, -0.07, 0.045), eye(0.92, 0.07, 0.045))
    return piece("turtle", None, *row(legs), piece("tail", petal(-0.6, 0, 0.35, 0.1, np.pi)), head, shell)


def snail(rng: np.random.Generator) -> Node:
    """A snail with a whorled shell."""
    whorl = piece(
        "whorl",
        ellipse(-0.12, -0.18, 0.4),
        piece("whorl", ellipse(-0.08, -0.14, 0.22), piece("whorl", ellipse(-0.05, -0.12, 0.1))),
    )
    stalks = [
        piece("tentacle", limb([(0.8, 0.2), (x, -0.25)], 0.035, 0.025), eye(x, -0.28, 0.06))
        for x in (0.75, rng.uniform(0.9, 1.05))
    ]
    foot = piece(
        "body", smooth([(-1, 0.6), (-0.3, 0.3), (0.55, 0.35), (0.75, 0.05), (1, 0.2), (0.85, 0.6)]), tint="skin"
    )
    return piece("snail", None, *row(stalks), foot, piece("shell", ellipse(-0.15, -0.2, 0.62), whorl))


def ladybird(rng: np.random.Generator) -> Node:
    """A beetle from above."""
    legs = [
        piece("leg", limb([(s * 0.5, y), (s * 0.85, y + rng.uniform(-0.15, 0.15))], 0.035, 0.025), tint="dark")
        for s in (-1, 1)
        for y in (-0.3, 0.1, 0.45)
    ]
    wings: list[Node] = []
    for s in (-1, 1):
        dots = [
            piece("spot", ellipse(s * rng.uniform(0.2, 0.5), y, 0.11), tint="dark", clip=True)
            for y in np.linspace(-0.25, 0.6, int(rng.integers(1, 4)))
        ]
        wings.append(
            piece(
                "wing case",
                sector(s * 0.02, 0.15, 0.7, *((-0.25, 0.25) if s > 0 else (0.25, 0.75))),
                *row(dots),
                tint="warm",
            )
        )
    head = piece("head", ellipse(0, -0.6, 0.28, 0.2), eye(-0.15, -0.66, 0.06), eye(0.15, -0.66, 0.06), tint="dark")
    return piece("beetle", None, *row(legs), head, *row(wings))
