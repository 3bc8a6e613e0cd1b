"""Things that grow."""

import numpy as np

from semsam_annotate.training.scenes.node import Node, piece, row
from semsam_annotate.training.scenes.shapes import blob, box, ellipse, limb, petal, polygon, sector, smooth


def foliage(x: float, y: float, length: float, angle: float, rng: np.random.Generator) -> Node:
    """A leaf with a vein, sometimes with lesions."""
    end = (x + 0.85 * length * np.cos(angle), y + 0.85 * length * np.sin(angle))
    lesions = [lesion(rng, x, y, length, angle) for _ in range(int(rng.choice([0, 0, 1, 2])))]
    vein = piece("vein", limb([(x, y), end], length * 0.03, length * 0.01), clip=True)
    return piece("leaf", petal(x, y, length, length * rng.uniform(0.35, 0.6), angle), vein, *row(lesions), tint="leaf")


def lesion(rng: np.random.Generator, x: float, y: float, length: float, angle: float) -> Node:
    """A spot somewhere on a leaf, with a darker core."""
    at = rng.uniform(0.3, 0.75) * length
    across = rng.uniform(-0.12, 0.12) * length
    cx, cy = x + at * np.cos(angle) - across * np.sin(angle), y + at * np.sin(angle) + across * np.cos(angle)
    size = length * rng.uniform(0.05, 0.12)
    return piece(
        "lesion",
        blob(rng, cx, cy, size),
        piece("core", ellipse(cx, cy, size * 0.45), tint="dark"),
        tint="brown",
        clip=True,
    )


def bloom(x: float, y: float, radius: float, rng: np.random.Generator) -> Node:
    """A flower from the front: petals around a centre."""
    count = int(rng.integers(5, 10))
    wide = radius * rng.uniform(0.5, 0.8)
    petals = [
        piece("petal", petal(x, y, radius, wide, a)) for a in np.arange(count) * 2 * np.pi / count + rng.uniform(0, 1)
    ]
    return piece(
        "flower", None, *row(petals), piece("centre", ellipse(x, y, radius * rng.uniform(0.22, 0.35)), tint="warm")
    )


def potted_plant(rng: np.random.Generator) -> Node:
    """A pot with rim and soil, stems, leaves and perhaps flowers."""
    stems: list[Node] = []
    for _ in range(int(rng.integers(1, 4))):
        top, bend = (rng.uniform(-0.6, 0.6), rng.uniform(-0.85, -0.4)), rng.uniform(-0.2, 0.2)
        stems.append(piece("stem", limb([(0, 0.3), (bend, 0), top], 0.035, 0.02), tint="leaf"))
        for _ in range(int(rng.integers(1, 4))):
            share = rng.uniform(0.3, 1)
            stems.append(
                foliage(
                    top[0] * share, 0.3 + (top[1] - 0.3) * share, rng.uniform(0.25, 0.5), rng.uniform(-3.3, 0.2), rng
                )
            )
        if rng.random() < 0.5:
            stems.append(bloom(*top, rng.uniform(0.14, 0.24), rng))
    rim = piece("rim", box(-0.45, 0.22, 0.45, 0.38))
    pot = piece(
        "pot",
        polygon((-0.4, 0.25), (0.4, 0.25), (0.28, 0.98), (-0.28, 0.98)),
        rim,
        *row([piece("band", box(-1, 0.6, 1, 0.7), clip=True)] if rng.random() < 0.4 else []),
        tint="brick",
    )
    return piece("potted plant", None, *row(stems), pot)


def flower(rng: np.random.Generator) -> Node:
    """One flower on its stem."""
    head = bloom(0, -0.4, rng.uniform(0.4, 0.58), rng)
    leaves = [foliage(0, y, rng.uniform(0.35, 0.6), a, rng) for y, a in ((0.5, -0.6), (0.65, -2.5))]
    stem = piece("stem", limb([(0, -0.4), (rng.uniform(-0.1, 0.1), 0.3), (0, 1)], 0.035, 0.05), tint="leaf")
    return piece("flower", None, stem, *row(leaves), *head.children)


def tree(rng: np.random.Generator) -> Node:
    """Trunk, limbs, crown of one to four tufts, fruit."""
    limbs = [piece("limb", limb([(0, 0.2), (x * 0.5, -0.1), (x, -0.4)], 0.06, 0.03), tint="wood") for x in (-0.45, 0.4)]
    tufts = [
        (rng.uniform(-0.4, 0.4), rng.uniform(-0.6, -0.2), rng.uniform(0.3, 0.5)) for _ in range(int(rng.integers(1, 5)))
    ]
    fruit = [
        piece("fruit", ellipse(x + rng.uniform(-0.2, 0.2), y + rng.uniform(-0.2, 0.2), 0.06), tint="warm")
        for x, y, _ in tufts
    ]
    crown = piece(
        "crown",
        None,
        *row([piece("foliage", blob(rng, x, y, r, 0.3), tint="leaf") for x, y, r in tufts]),
        *row(fruit if rng.random() < 0.5 else []),
    )
    trunk = piece(
        "trunk",
        polygon((-0.09, -0.3), (0.09, -0.3), (0.16, 1), (-0.16, 1)),
        *row([piece("knot", ellipse(0.02, 0.5, 0.05, 0.08), tint="dark", clip=True)] if rng.random() < 0.5 else []),
        tint="wood",
    )
    return piece("tree", None, trunk, *row(limbs), crown)


def conifer(rng: np.random.Generator) -> Node:
    """A fir in tiers."""
    count = int(rng.integers(2, 5))
    tiers = [
        piece("tier", polygon((0, y - 0.55), (w, y), (-w, y)), tint="leaf")
        for y, w in zip(np.linspace(0.7, -0.35, count), np.linspace(0.65, 0.35, count), strict=True)
    ]
    return piece("tree", None, piece("trunk", box(-0.08, 0.5, 0.08, 1), tint="wood"), piece("crown", None, *row(tiers)))


def mushroom(rng: np.random.Generator) -> Node:
    """Cap with spots, gills, stem with a ring."""
    spots = [
        piece(
            "spot",
            ellipse(rng.uniform(-0.6, 0.6), rng.uniform(-0.6, -0.15), rng.uniform(0.06, 0.13)),
            tint="light",
            clip=True,
        )
        for _ in range(int(rng.integers(0, 6)))
    ]
    cap = piece("cap", sector(0, 0, rng.uniform(0.75, 0.95), 0.5, 1.0), *row(spots), tint="warm")
    stem = piece(
        "stem",
        smooth([(-0.2, -0.1), (0.2, -0.1), (0.3, 0.9), (-0.3, 0.9)], 1),
        *row([piece("ring", ellipse(0, 0.25, 0.27, 0.07))] if rng.random() < 0.5 else []),
        tint="light",
    )
    return piece("mushroom", None, stem, piece("gills", ellipse(0, 0, 0.75, 0.12), tint="brown"), cap)


def leaf(rng: np.random.Generator) -> Node:
    """One big leaf with lesions in it, and a stalk."""
    lesions = [
        piece(
            "lesion", blob(rng, x, y, s), piece("core", blob(rng, x, y, s * 0.45), tint="dark"), tint="brown", clip=True
        )
        for x, y, s in zip(
            rng.uniform(-0.6, 0.6, 7), rng.uniform(-0.3, 0.3, 7), rng.uniform(0.04, 0.18, 7), strict=True
        )
    ]
    veins = [
        piece("vein", limb([(x, 0), (x + 0.25, s * 0.35)], 0.015, 0.008), clip=True)
        for x in (-0.5, 0.0)
        for s in (-1, 1)
    ]
    blade = piece(
        "blade",
        petal(-0.9, 0, 1.8, rng.uniform(0.7, 1.1), 0),
        *row(veins),
        *row(lesions[: int(rng.integers(1, 8))]),
        tint="leaf",
    )
    return piece("leaf", None, piece("stalk", limb([(-0.85, 0), (-1.15, 0.1)], 0.03, 0.035), tint="leaf"), blade)


def cactus(rng: np.random.Generator) -> Node:
    """A cactus with arms and a flower, in a pot."""
    arms = [
        piece("arm", limb([(s * 0.15, y), (s * 0.45, y), (s * 0.5, y - 0.4)], 0.1, 0.09), tint="leaf")
        for s, y in ((-1, 0.1), (1, rng.uniform(-0.3, 0.2)))
    ]
    ribs = [piece("rib", box(x - 0.02, -1, x + 0.02, 1), clip=True) for x in (-0.1, 0.02, 0.14)]
    body = piece("body", box(-0.22, -0.85, 0.22, 0.6, 0.2), *row(ribs), tint="leaf")
    pot = piece(
        "pot",
        polygon((-0.4, 0.5), (0.4, 0.5), (0.3, 1), (-0.3, 1)),
        piece("rim", box(-0.44, 0.46, 0.44, 0.58)),
        tint="brick",
    )
    return piece("cactus", None, *row(arms[: int(rng.integers(0, 3))]), body, bloom(0.02, -0.85, 0.14, rng), pot)


def cell(rng: np.random.Generator) -> Node:
    """A cell with nucleus and nucleolus, as under a microscope."""
    x, y, r = rng.uniform(-0.2, 0.2), rng.uniform(-0.2, 0.2), rng.uniform(0.25, 0.45)
    core = piece("nucleolus", ellipse(x + r * 0.2, y, r * 0.3))
    grains = [
        piece("granule", ellipse(rng.uniform(-0.7, 0.7), rng.uniform(-0.7, 0.7), rng.uniform(0.04, 0.1)), clip=True)
        for _ in range(int(rng.integers(0, 6)))
    ]
    return piece("cell", blob(rng, 0, 0, 0.85, 0.2), *row(grains), piece("nucleus", blob(rng, x, y, r, 0.15), core))
