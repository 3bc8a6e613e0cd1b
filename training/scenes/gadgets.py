"""Things with moving parts or wires."""

import numpy as np

from semsam_annotate.training.scenes.node import Node, piece, row
from semsam_annotate.training.scenes.shapes import box, ellipse, limb, petal, polygon, ring, smooth


def clock(rng: np.random.Generator) -> Node:
    """A dial with marks and hands."""
    a, b = rng.uniform(0, 2 * np.pi, 2)
    marks = [
        piece("mark", ellipse(0.6 * np.cos(t), 0.6 * np.sin(t), 0.05, points=8), tint="dark")
        for t in np.arange(12) * np.pi / 6
    ]
    hands = [
        piece("hand", limb([(0, 0), (r * np.cos(t), r * np.sin(t))], 0.05, 0.02), tint="dark")
        for r, t in ((0.35, a), (0.52, b))
    ]
    dial = piece("dial", ellipse(0, 0, 0.72), *row(marks[:: int(rng.choice([1, 3]))]), *row(hands), tint="light")
    bells = [piece("bell", ellipse(s * 0.5, -0.85, 0.2), tint="metal") for s in (-1, 1)]
    feet = [piece("foot", limb([(s * 0.4, 0.7), (s * 0.6, 1.0)], 0.08, 0.05), tint="metal") for s in (-1, 1)]
    alarm = rng.random() < 0.5
    return piece("clock", None, *row(bells + feet if alarm else []), piece("case", ellipse(0, 0, 0.88), dial))


def guitar(rng: np.random.Generator) -> Node:
    """Body with hole and bridge, neck with frets, head with pegs."""
    body = piece(
        "body",
        smooth(
            [(-0.3, 0.05), (0.3, 0.05), (0.22, 0.4), (0.45, 0.75), (0.25, 1), (-0.25, 1), (-0.45, 0.75), (-0.22, 0.4)]
        ),
        piece("rosette", ellipse(0, 0.42, 0.17), piece("hole", ellipse(0, 0.42, 0.12), tint="dark")),
        piece("bridge", box(-0.18, 0.72, 0.18, 0.79), tint="dark"),
        tint="wood",
    )
    frets = [
        piece("fret", box(-0.06, y, 0.06, y + 0.025), tint="metal")
        for y in np.linspace(-0.6, 0.1, int(rng.integers(3, 8)))
    ]
    pegs = [piece("peg", ellipse(s * 0.14, y, 0.05), tint="metal") for s in (-1, 1) for y in (-0.93, -0.8)]
    return piece(
        "guitar",
        None,
        body,
        piece("neck", box(-0.065, -0.75, 0.065, 0.3), *row(frets), tint="wood"),
        *row(pegs),
        piece("head", polygon((-0.12, -1), (0.12, -1), (0.08, -0.7), (-0.08, -0.7)), tint="dark"),
    )


def laptop(rng: np.random.Generator) -> Node:
    """Screen with windows on it, keyboard with keys, touchpad."""
    icons = [
        piece("icon", box(x, y, x + w, y + h))
        for x, y, w, h in zip(
            rng.uniform(-0.6, 0.2, 3),
            rng.uniform(-0.8, -0.3, 3),
            rng.uniform(0.12, 0.4, 3),
            rng.uniform(0.1, 0.3, 3),
            strict=True,
        )
    ]
    screen = piece("screen", box(-0.7, -0.87, 0.7, -0.02), *row(icons[: int(rng.integers(0, 4))]))
    lid = piece("lid", box(-0.78, -0.95, 0.78, 0.05, 0.05), screen, tint="metal")
    keys = [
        piece("key", box(-0.66 + 0.19 * i, 0.14 + 0.12 * j, -0.51 + 0.19 * i, 0.23 + 0.12 * j), tint="dark")
        for i in range(7)
        for j in range(3)
    ]
    board = piece("keyboard", box(-0.7, 0.11, 0.7, 0.5), *row(keys if rng.random() < 0.35 else []), tint="dark")
    base = piece(
        "base",
        polygon((-0.78, 0.05), (0.78, 0.05), (0.95, 0.8), (-0.95, 0.8)),
        board,
        piece("touchpad", box(-0.2, 0.56, 0.2, 0.74)),
        tint="metal",
    )
    return piece("laptop", None, lid, base)


def scissors(rng: np.random.Generator) -> Node:
    """Two blades, two grips, one screw."""
    gap = rng.uniform(0.12, 0.5)
    blades = [piece("blade", petal(0, 0.1, 1.1, 0.2, -np.pi / 2 + s * gap), tint="metal") for s in (-1, 1)]
    grips = [piece("grip", ring(-s * (0.15 + gap * 0.7), 0.65, 0.27, 0.16)) for s in (-1, 1)]
    shanks = [piece("shank", limb([(0, 0.05), (-s * (0.12 + gap * 0.5), 0.45)], 0.06, 0.07)) for s in (-1, 1)]
    return piece(
        "scissors", None, *row(shanks), *row(grips), *row(blades), piece("screw", ellipse(0, 0.08, 0.06), tint="metal")
    )


def board(rng: np.random.Generator) -> Node:
    """A circuit board with chips, connectors and resistors."""
    chips = [
        piece(
            "chip",
            box(x, y, x + w, y + 0.3),
            piece("marking", box(x + 0.05, y + 0.1, x + w - 0.05, y + 0.18), tint="light"),
            tint="dark",
        )
        for x, y, w in ((-0.6, -0.4, rng.uniform(0.3, 0.6)), (0.2, 0.05, 0.35))
    ]
    pins = [
        piece("pin", ellipse(x, 0.52, 0.03, points=8), tint="metal")
        for x in np.linspace(-0.75, 0.75, int(rng.integers(4, 9)))
    ]
    leads = [
        piece(
            "resistor",
            box(x - 0.14, y - 0.05, x + 0.14, y + 0.05, 0.04),
            piece("band", box(x - 0.03, y - 0.05, x + 0.03, y + 0.05)),
            tint="brown",
        )
        for x, y in zip(rng.uniform(-0.6, 0.6, 2), rng.uniform(0.2, 0.42, 2), strict=True)
    ]
    header = piece("header", box(-0.82, 0.46, 0.82, 0.58), *row(pins), tint="dark")
    return piece(
        "circuit board",
        box(-0.95, -0.65, 0.95, 0.65, 0.05),
        header,
        *row(leads),
        *row(chips),
        piece("connector", box(-1, -0.2, -0.75, 0.15), tint="metal"),
        tint="leaf",
    )


def robot(rng: np.random.Generator) -> Node:
    """A robot with a panel of buttons."""
    eyes = [
        piece(
            "eye",
            ellipse(s * 0.14, -0.68, 0.09),
            piece("pupil", ellipse(s * 0.14, -0.68, 0.045), tint="dark"),
            tint="light",
        )
        for s in (-1, 1)
    ]
    head = piece(
        "head",
        box(-0.32, -0.9, 0.32, -0.45, rng.uniform(0, 0.15)),
        *row(eyes),
        piece("mouth", box(-0.16, -0.57, 0.16, -0.51), tint="dark"),
        tint="metal",
    )
    buttons = [piece("button", ellipse(x, y, 0.055), tint="warm") for x in (-0.14, 0, 0.14) for y in (-0.15, 0.02)]
    panel = piece("panel", box(-0.25, -0.26, 0.25, 0.12), *row(buttons[: int(rng.integers(1, 7))]))
    body = piece("body", box(-0.42, -0.4, 0.42, 0.35, 0.06), panel, tint="metal")
    arms = [
        piece(
            "arm",
            limb([(s * 0.42, -0.3), (s * 0.7, -0.05), (s * rng.uniform(0.6, 0.85), 0.3)], 0.07, 0.06),
            piece("claw", ring(s * 0.72, 0.36, 0.12, 0.05)),
            tint="metal",
        )
        for s in (-1, 1)
    ]
    legs = [
        piece(
            "leg",
            box(x - 0.1, 0.3, x + 0.1, 0.85),
            piece("foot", box(x - 0.16, 0.82, x + 0.16, 0.97, 0.04), tint="dark"),
            tint="metal",
        )
        for x in (-0.2, 0.2)
    ]
    antenna = piece("antenna", box(-0.02, -1.05, 0.02, -0.88), piece("tip", ellipse(0, -1.06, 0.06), tint="warm"))
    return piece("robot", None, antenna, *row(arms), *row(legs), body, head)
