"""Outlines: closed polygons of points x, y with y down, angles in radians from the x axis towards y."""

from collections.abc import Sequence

import numpy as np

from semsam_annotate.training.scenes.node import Outline

TURN = 2 * np.pi


def ellipse(x: float, y: float, rx: float, ry: float | None = None, angle: float = 0.0, points: int = 28) -> Outline:
    """An ellipse around (x, y); a circle without ``ry``."""
    t = np.linspace(0, TURN, points, endpoint=False)
    flat = np.stack([rx * np.cos(t), (rx if ry is None else ry) * np.sin(t)], axis=1)
    return shifted(turned(flat, angle), x, y)


def box(x0: float, y0: float, x1: float, y1: float, radius: float = 0.0) -> Outline:
    """An upright rectangle, its corners rounded by ``radius``."""
    if radius <= 0:
        return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], float)
    r = min(radius, abs(x1 - x0) / 2, abs(y1 - y0) / 2)
    quarter = np.linspace(0, TURN / 4, 5)
    corners = [(x1 - r, y1 - r, 0.0), (x0 + r, y1 - r, 0.25), (x0 + r, y0 + r, 0.5), (x1 - r, y0 + r, 0.75)]
    arcs = [
        np.stack([x + r * np.cos(quarter + s * TURN), y + r * np.sin(quarter + s * TURN)], 1) for x, y, s in corners
    ]
    return np.concatenate(arcs)


def polygon(*points: tuple[float, float]) -> Outline:
    """Through these points."""
    return np.array(points, float)


def smooth(points: Sequence[tuple[float, float]], rounds: int = 2) -> Outline:
    """A closed curve near these points (corner cutting after Chaikin)."""
    curve = np.array(points, float)
    for _ in range(rounds):
        following = np.roll(curve, -1, axis=0)
        curve = np.stack([0.75 * curve + 0.25 * following, 0.25 * curve + 0.75 * following], 1).reshape(-1, 2)
    return curve


def blob(rng: np.random.Generator, x: float, y: float, radius: float, rough: float = 0.25, points: int = 32) -> Outline:
    """A lumpy closed curve: a circle with a few random waves of relative height ``rough``."""
    t = np.linspace(0, TURN, points, endpoint=False)
    order = np.arange(2, 6)
    waves = np.cos(order[:, None] * t + rng.uniform(0, TURN, (4, 1))) / order[:, None] * rng.normal(0, 1, (4, 1))
    r = radius * np.clip(1 + rough * waves.sum(axis=0) * 1.6, 0.3, 1.9)
    return np.stack([x + r * np.cos(t), y + r * np.sin(t)], axis=1)


def limb(points: Sequence[tuple[float, float]], start: float, end: float) -> Outline:
    """A band along a polyline, its half width going from ``start`` to ``end``, the ends flat."""
    line = np.array(points, float)
    ahead = np.gradient(line, axis=0)
    normal = np.stack([-ahead[:, 1], ahead[:, 0]], 1) / np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
    half = np.linspace(start, end, len(line))[:, None] * normal
    return np.concatenate([line + half, (line - half)[::-1]])


def ring(x: float, y: float, outer: float, inner: float, flat: float = 1.0) -> Outline:
    """A circular band; ``flat`` scales its height."""
    outside, inside = ellipse(x, y, outer, outer * flat), ellipse(x, y, inner, inner * flat)
    return np.concatenate([outside, outside[:1], inside[:1], inside[::-1]])


def sector(x: float, y: float, radius: float, start: float, stop: float, inner: float = 0.0) -> Outline:
    """A slice of a disc, or of a ring when ``inner`` is above zero; angles as a share of a turn."""
    t = np.linspace(start, stop, 8 + int(24 * abs(stop - start))) * TURN
    arc = np.stack([x + radius * np.cos(t), y + radius * np.sin(t)], 1)
    if inner <= 0:
        return np.concatenate([arc, [(x, y)]])
    return np.concatenate([arc, np.stack([x + inner * np.cos(t), y + inner * np.sin(t)], 1)[::-1]])


def petal(x: float, y: float, length: float, width: float, angle: float) -> Outline:
    """A pointed leaf that starts at (x, y) and reaches ``length`` into the direction ``angle``."""
    t = np.linspace(0, np.pi, 11)
    along, across = length * (1 - np.cos(t)) / 2, width / 2 * np.sin(t) ** 1.2
    flat = np.concatenate([np.stack([along, across], 1), np.stack([along, -across], 1)[::-1]])
    return shifted(turned(flat, angle), x, y)


def star(x: float, y: float, outer: float, inner: float, tips: int, angle: float = 0.0) -> Outline:
    """A star with this many tips."""
    t = np.arange(2 * tips) / (2 * tips) * TURN + angle
    r = np.where(np.arange(2 * tips) % 2 == 0, outer, inner)
    return np.stack([x + r * np.cos(t), y + r * np.sin(t)], 1)


def horizon(rng: np.random.Generator, y: float, height: float, bumps: int) -> Outline:
    """Everything below a wavy line at ``y`` in the unit square, waves up to ``height``; reaches beyond its edges."""
    x = np.linspace(-0.1, 1.1, 40)
    knots = rng.uniform(-height, height, bumps + 2)
    wave = np.interp(x, np.linspace(-0.1, 1.1, bumps + 2), knots)
    line = np.stack([x, y + wave], 1)
    return np.concatenate([line, [(1.1, 1.1), (-0.1, 1.1)]])


def turned(outline: Outline, angle: float) -> Outline:
    """Turned around the origin by ``angle`` radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(outline @ np.array([[cos, sin], [-sin, cos]]))


def shifted(outline: Outline, x: float, y: float) -> Outline:
    """Moved by (x, y)."""
    return np.asarray(outline + np.array([x, y]))
