"""Test images and masks that are pure functions of size and seed."""

import numpy as np
from numpy.typing import NDArray


def picture(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """(height, width, 3) uint8: waves in each channel, eight tinted ellipses and rectangles, a little noise."""
    rng = np.random.Generator(np.random.PCG64(seed))
    y, x = _grid(height, width)
    light = np.zeros((height, width, 3))
    for channel in range(3):
        for _ in range(6):
            down, across = rng.integers(1, 9, 2)
            phase = rng.random() * 2 * np.pi
            strength = 8 + 22 * rng.random()
            light[..., channel] += strength * np.cos(2 * np.pi * (down * y + across * x) + phase)
    light += 127.5
    for index in range(8):
        centre, radius = rng.random(2), 0.05 + 0.25 * rng.random(2)
        tint = rng.random(3) * 255
        inside = _box_of(y, x, centre, radius) if index % 2 else _ellipse(y, x, centre, radius)
        light[inside] = 0.35 * light[inside] + 0.65 * tint
    light += rng.integers(-6, 7, light.shape)
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)


def true_masks(height: int, width: int) -> NDArray[np.bool_]:
    """(7, height, width) bool: the ground truth of the training case, ellipses in ellipses and three rectangles."""
    y, x = _grid(height, width)

    def rectangle(top: float, left: float, bottom: float, right: float) -> NDArray[np.bool_]:
        return (y >= top) & (y < bottom) & (x >= left) & (x < right)

    return np.stack(
        [
            _ellipse(y, x, (0.5, 0.5), (0.45, 0.45)),
            _ellipse(y, x, (0.5, 0.5), (0.3, 0.25)),
            _ellipse(y, x, (0.5, 0.5), (0.12, 0.1)),
            rectangle(0, 0, 0.5, 0.5),
            rectangle(0.1, 0.55, 0.4, 0.95),
            _ellipse(y, x, (0.75, 0.3), (0.15, 0.2)),
            rectangle(0.6, 0.1, 1.0, 0.9),
        ]
    )


def _grid(height: int, width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, x = np.indices((height, width))
    return (y + 0.5) / height, (x + 0.5) / width


def _ellipse(y, x, centre, radius) -> NDArray[np.bool_]:
    return ((y - centre[0]) / radius[0]) ** 2 + ((x - centre[1]) / radius[1]) ** 2 < 1


def _box_of(y, x, centre, radius) -> NDArray[np.bool_]:
    return (np.abs(y - centre[0]) < radius[0]) & (np.abs(x - centre[1]) < radius[1])
