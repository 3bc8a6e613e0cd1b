"""Numbers to colours: surfaces, shading, shadows and light, for all pieces in one pass over the pixels."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from semsam_annotate.training.scenes.palette import CLOUDS, DOTS, GRAIN, RINGS, STRIPES, colours, surfaces
from semsam_annotate.training.scenes.raster import Piece

Plane = NDArray[np.float32]


def paint(
    rng: np.random.Generator, numbers: NDArray[np.uint8], pieces: list[Piece], photo: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """(S, S, 3) float32 picture, 0..255, of (S, S) uint8 piece numbers; ``photo`` (S, S, 3) is the bare backdrop."""
    size = numbers.shape[0]
    two = colours(rng, pieces)
    mix = pattern(rng, numbers, pieces)[..., None]
    picture = two[:, 0].take(numbers, axis=0)
    picture += (two[:, 1] - two[:, 0]).take(numbers, axis=0) * mix
    if photo is not None:
        np.copyto(picture, photo, where=(numbers == 0)[..., None])
    light = shading(rng, numbers, pieces) * lighting(rng, size)
    light *= shadows(rng, numbers, pieces) * outlines(rng, numbers)
    picture *= light[..., None]
    return np.asarray(np.clip(picture, 0, 255, out=picture))


def pattern(rng: np.random.Generator, numbers: NDArray[np.uint8], pieces: list[Piece]) -> Plane:
    """(S, S) share of the second colour, 0..1, by each piece's surface."""
    size, count = numbers.shape[0], len(pieces) + 1
    kinds, strength = surfaces(rng, pieces)
    radius = np.array([size / 2, *(max(p.radius, 4.0) for p in pieces)], np.float32)
    period = np.maximum(radius * rng.uniform(0.15, 0.9, count), 3.0).astype(np.float32)
    angle = rng.uniform(0, np.pi, count)
    fx, fy = (np.cos(angle) / period).astype(np.float32), (np.sin(angle) / period).astype(np.float32)
    cx = np.array([size / 2, *(p.centre[0] for p in pieces)], np.float32)
    cy = np.array([size / 2, *(p.centre[1] for p in pieces)], np.float32)
    soft = rng.random(count) < 0.5
    noise, grain = clouds(rng, size), rng.random((size, size), np.float32)
    out = np.zeros(size * size, np.float32)
    flat, kind_at = numbers.ravel(), kinds.take(numbers).ravel()
    for kind in range(1, 7):
        at = np.flatnonzero(kind_at == kind)
        if not len(at):
            continue
        who = flat[at]
        x, y = (at % size).astype(np.float32) - cx[who], (at // size).astype(np.float32) - cy[who]
        u, v = x * fx[who] + y * fy[who], y * fx[who] - x * fy[who]
        if kind == CLOUDS:
            value = noise.ravel()[at]
        elif kind == GRAIN:
            value = grain.ravel()[at]
        else:
            value = _regular(kind, u, v, soft[who])
        out[at] = value * strength[who]
    return out.reshape(size, size)


def clouds(rng: np.random.Generator, size: int) -> Plane:
    """(S, S) noise 0..1 with structure at several scales."""
    total = np.zeros((size, size), np.float32)
    scale = int(rng.integers(3, 9))
    for octave in range(3):
        side = min(scale * 3**octave, size)
        coarse = Image.fromarray(rng.random((side, side), np.float32))
        total += np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC)) * (0.6, 0.3, 0.25)[octave]
    return np.asarray(np.clip((total - 0.575) * 1.6 + 0.5, 0, 1))


def shading(rng: np.random.Generator, numbers: NDArray[np.uint8], pieces: list[Piece]) -> Plane:
    """(S, S) factor: every piece is lit from one side and may bulge."""
    size, count = numbers.shape[0], len(pieces) + 1
    towards = rng.uniform(0, 2 * np.pi)
    slope = rng.uniform(0, 0.3, count) * (np.arange(count) > 0)
    bulge = (rng.uniform(0, 0.3, count) * (rng.random(count) < 0.5) * (np.arange(count) > 0)).astype(np.float32)
    radius = np.array([size / 2, *(max(p.radius, 2.0) for p in pieces)])
    sx, sy = (
        (slope * np.cos(towards) / radius).astype(np.float32),
        (slope * np.sin(towards) / radius).astype(np.float32),
    )
    cx = np.array([size / 2, *(p.centre[0] for p in pieces)], np.float32)
    cy = np.array([size / 2, *(p.centre[1] for p in pieces)], np.float32)
    # (x - c) s - b (x - c)² / r², multiplied out so that each coefficient is one look-up.
    across = np.arange(size, dtype=np.float32)
    flat = (bulge / (radius * radius)).astype(np.float32)
    constant = (1 + 0.4 * bulge - cx * sx - cy * sy - flat * (cx * cx + cy * cy)).astype(np.float32)
    along_x, along_y = sx + 2 * flat * cx, sy + 2 * flat * cy
    out = constant.take(numbers) + along_x.take(numbers) * across + along_y.take(numbers) * across[:, None]
    out -= flat.take(numbers) * (across * across + (across * across)[:, None])
    return np.asarray(np.clip(out, 0.4, 1.5))


def lighting(rng: np.random.Generator, size: int) -> Plane:
    """(S, S) factor: light falls off across the picture."""
    angle, fall = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.45)
    across = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    ramp = across * np.float32(np.cos(angle) * fall) + across[:, None] * np.float32(np.sin(angle) * fall)
    vignette = np.float32(rng.uniform(0, 0.6) * (rng.random() < 0.4)) * (across**2 + across[:, None] ** 2)
    return np.asarray(np.float32(rng.uniform(0.75, 1.15)) + ramp - vignette)


def shadows(rng: np.random.Generator, numbers: NDArray[np.uint8], pieces: list[Piece]) -> Plane:
    """(S, S) factor: objects darken what lies under them, displaced away from the light."""
    size = numbers.shape[0]
    depth, far = rng.uniform(0.15, 0.6), rng.uniform(0.005, 0.05) * size
    angle, soft = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 2.5) * size / 256
    if rng.random() < 0.3 or not pieces:
        return np.ones((size, size), np.float32)
    layer = np.array([0, *(piece.layer for piece in pieces)], np.uint8).take(numbers)
    dx, dy = round(far * np.cos(angle)), round(far * np.sin(angle))
    padded = np.pad(layer, max(abs(dx), abs(dy)), mode="constant")
    edge = max(abs(dx), abs(dy))
    cast = padded[edge - dy : edge - dy + size, edge - dx : edge - dx + size]
    dark = Image.fromarray((cast > layer).astype(np.uint8) * np.uint8(255)).filter(ImageFilter.BoxBlur(soft))
    return 1 - np.asarray(dark, np.float32) * np.float32(depth / 255)


def outlines(rng: np.random.Generator, numbers: NDArray[np.uint8]) -> Plane | np.float32:
    """(S, S) factor: in some pictures the bounds of the pieces are darker, as creases and gaps are."""
    strength = np.float32(rng.uniform(0.1, 0.6))
    if rng.random() < 0.55:
        return np.float32(1)
    edge = np.zeros(numbers.shape, bool)
    edge[1:] |= numbers[1:] != numbers[:-1]
    edge[:, 1:] |= numbers[:, 1:] != numbers[:, :-1]
    return np.asarray(1 - strength * edge, np.float32)


def _regular(kind: int, u: Plane, v: Plane, soft: NDArray[np.bool_]) -> Plane:
    turn = np.float32(2 * np.pi)
    if kind == STRIPES:
        wave = np.sin(u * turn)
    elif kind == RINGS:
        wave = np.sin(np.sqrt(u * u + v * v) * turn)
    else:
        wave = np.sin(u * turn) * np.sin(v * turn)
    if kind == DOTS:
        return np.asarray(wave > 0.5, np.float32)
    return np.asarray(np.where(soft, wave * 0.5 + 0.5, wave > 0), np.float32)
