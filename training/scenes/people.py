"""Figures that walk upright, and their faces."""

import numpy as np

from semsam_annotate.training.scenes.animals import eye
from semsam_annotate.training.scenes.node import Node, piece, row
from semsam_annotate.training.scenes.shapes import blob, box, ellipse, limb, polygon, ring, sector, smooth


def person(rng: np.random.Generator) -> Node:
    """A clothed figure: hair, skin, upper and lower garment, shoes, perhaps hat, belt and bag."""
    stride, reach = rng.uniform(0.06, 0.25), rng.uniform(0.2, 0.45)
    below, shoes, arms = _below(rng, stride), _shoes(stride), _arms(reach)
    top, head = _top(rng), _head(rng)
    bag = [
        piece(
            "bag",
            box(reach - 0.12, 0.17, reach + 0.14, 0.42, 0.04),
            piece("clasp", box(reach - 0.02, 0.25, reach + 0.04, 0.3), tint="metal"),
        )
    ]
    return piece(
        "person",
        None,
        piece("neck", box(-0.06, -0.62, 0.06, -0.45), tint="skin"),
        *row(below),
        *row(shoes),
        *row(arms),
        top,
        head,
        *row(bag if rng.random() < 0.4 else []),
    )


def _below(rng: np.random.Generator, stride: float) -> list[Node]:
    """The legs under a skirt, or in trousers."""
    hip = 0.1
    legs = [
        limb([(s * 0.1, hip), (s * (0.1 + stride / 2), 0.5), (s * (0.1 + stride), 0.9)], 0.11, 0.07) for s in (-1, 1)
    ]
    skirt = rng.random() < 0.4
    lower = "skirt" if skirt else str(rng.choice(["pants", "jeans"]))
    if skirt:
        return [
            piece("skin", legs[0], tint="skin"),
            piece("skin", legs[1], tint="skin"),
            piece(lower, polygon((-0.17, 0.0), (0.17, 0.0), (0.32, rng.uniform(0.3, 0.6)), (-0.32, 0.4))),
        ]
    return [piece(lower, None, piece("pant leg", legs[0]), piece("pant leg", legs[1]))]


def _shoes(stride: float) -> list[Node]:
    return [
        piece(
            "shoes",
            smooth(
                [
                    (s * (0.04 + stride), 0.86),
                    (s * (0.18 + stride), 0.86),
                    (s * (0.3 + stride), 0.97),
                    (s * (0.04 + stride), 0.98),
                ],
                1,
            ),
            tint="dark",
        )
        for s in (-1, 1)
    ]


def _arms(reach: float) -> list[Node]:
    return [
        piece(
            "arm",
            None,
            piece("sleeve", limb([(s * 0.2, -0.42), (s * 0.32, -0.15)], 0.08, 0.07)),
            piece(
                "skin",
                limb([(s * 0.32, -0.15), (s * reach, 0.12)], 0.055, 0.045),
                piece("hand", ellipse(s * reach, 0.15, 0.055), tint="skin"),
                tint="skin",
            ),
        )
        for s in (-1, 1)
    ]


def _top(rng: np.random.Generator) -> Node:
    belt = [
        piece(
            "belt",
            box(-0.3, 0.02, 0.3, 0.08),
            piece("buckle", box(-0.04, 0.025, 0.04, 0.075), tint="metal"),
            tint="dark",
            clip=True,
        )
    ]
    return piece(
        str(rng.choice(["top", "coat", "shirt", "jacket"])),
        smooth([(-0.26, -0.5), (0.26, -0.5), (0.2, 0.13), (-0.2, 0.13)], 1),
        *row(belt if rng.random() < 0.5 else []),
        *row([piece("button", ellipse(0, y, 0.022)) for y in (-0.35, -0.22, -0.09)] if rng.random() < 0.3 else []),
    )


def _head(rng: np.random.Generator) -> Node:
    return piece(
        "head",
        None,
        piece("hair", blob(rng, 0, -0.75, 0.19, 0.12), tint="hair"),
        piece(
            "face",
            ellipse(0, -0.7, 0.13, 0.16),
            eye(-0.05, -0.73, 0.025),
            eye(0.05, -0.73, 0.025),
            piece("mouth", ellipse(0, -0.62, 0.045, 0.018), tint="warm"),
            tint="skin",
        ),
        *row(
            [
                piece(
                    "hat",
                    None,
                    piece("brim", ellipse(0, -0.84, 0.27, 0.05)),
                    piece("crown", box(-0.14, -1.02, 0.14, -0.83, 0.06)),
                )
            ]
            if rng.random() < 0.35
            else []
        ),
    )


def face(rng: np.random.Generator) -> Node:
    """A face from the front."""
    wide = rng.uniform(0.5, 0.65)
    brows = [piece("eyebrow", limb([(s * 0.12, -0.3), (s * 0.35, -0.33)], 0.04, 0.02), tint="hair") for s in (-1, 1)]
    eyes = [
        piece(
            "eye",
            ellipse(s * 0.24, -0.15, 0.12, 0.07),
            piece("iris", ellipse(s * 0.24, -0.15, 0.06), piece("pupil", ellipse(s * 0.24, -0.15, 0.028), tint="dark")),
            tint="light",
        )
        for s in (-1, 1)
    ]
    glasses = [
        piece(
            "glasses",
            None,
            *row([piece("lens frame", ring(s * 0.24, -0.14, 0.19, 0.15)) for s in (-1, 1)]),
            piece("bridge", box(-0.08, -0.17, 0.08, -0.13)),
            tint="dark",
        )
    ]
    mouth = piece(
        "mouth",
        ellipse(0, 0.42, 0.22, rng.uniform(0.06, 0.13)),
        piece("teeth", box(-0.14, 0.36, 0.14, 0.42), tint="light", clip=True),
        tint="warm",
    )
    nose = piece("nose", smooth([(0, -0.1), (0.12, 0.2), (0, 0.26), (-0.12, 0.2)], 1), tint="skin")
    head = piece(
        "skin",
        smooth([(-wide, -0.5), (0, -0.95), (wide, -0.5), (wide * 0.9, 0.4), (0, 1.0), (-wide * 0.9, 0.4)]),
        *row(brows),
        *row(eyes),
        nose,
        mouth,
        *row(glasses if rng.random() < 0.4 else []),
        tint="skin",
    )
    ears = [piece("ear", ellipse(s * wide, -0.05, 0.12, 0.2), tint="skin") for s in (-1, 1)]
    hair = piece("hair", sector(0, -0.32, wide + 0.1, 0.53, 0.97, inner=wide * 0.62), tint="hair")
    return piece("face", None, *row(ears), head, hair)


def teddy(rng: np.random.Generator) -> Node:
    """A stuffed bear."""
    ears = [
        piece("ear", ellipse(s * 0.33, -0.75, 0.17), piece("inner ear", ellipse(s * 0.33, -0.75, 0.09)))
        for s in (-1, 1)
    ]
    head = piece(
        "head",
        ellipse(0, -0.45, 0.42, 0.38),
        eye(-0.15, -0.52, 0.05),
        eye(0.15, -0.52, 0.05),
        piece(
            "muzzle",
            ellipse(0, -0.33, 0.17, 0.13),
            piece("nose", ellipse(0, -0.38, 0.06, 0.045), tint="dark"),
            tint="light",
        ),
        tint="fur",
    )
    paws = [
        piece("leg", ellipse(s * 0.38, 0.72, 0.2, 0.24), piece("sole", ellipse(s * 0.38, 0.76, 0.11, 0.13)), tint="fur")
        for s in (-1, 1)
    ]
    arms = [piece("arm", ellipse(s * 0.5, 0.12, 0.14, 0.32, s * -rng.uniform(0.1, 0.9)), tint="fur") for s in (-1, 1)]
    bow = piece(
        "bow",
        None,
        *row([piece("loop", polygon((0, -0.1), (s * 0.24, -0.2), (s * 0.24, 0.02))) for s in (-1, 1)]),
        piece("knot", ellipse(0, -0.1, 0.05)),
    )
    body = piece("body", ellipse(0, 0.32, 0.45, 0.5), piece("belly", ellipse(0, 0.38, 0.26, 0.3)), tint="fur")
    return piece(
        "teddy bear", None, *row(ears), body, *row(arms), *row(paws), head, *row([bow] if rng.random() < 0.5 else [])
    )
