"""Where and how an object stands: turned, stretched, slanted, seen in slight perspective."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.training.scenes.node import Outline


@dataclass(frozen=True)
class Pose:
    """From an object's coordinates (about -1..1) to the picture's unit square: perspective, 2 x 2 matrix, place."""

    matrix: NDArray[np.float64]
    place: tuple[float, float]
    slant: tuple[float, float] = (0.0, 0.0)

    def __call__(self, outline: Outline) -> Outline:
        """(K, 2) points of the object as points of the picture."""
        depth = np.maximum(1 + outline @ np.array(self.slant), 0.3)
        return np.asarray((outline / depth[:, None]) @ self.matrix.T + self.place)

    def moved(self, dx: float, dy: float, scale: float = 1.0) -> "Pose":
        """The same pose elsewhere, for a second of the kind."""
        return Pose(self.matrix * scale, (self.place[0] + dx, self.place[1] + dy), self.slant)


def whole_picture() -> Pose:
    """The pose of backdrops: unit square to unit square."""
    return Pose(np.eye(2), (0.0, 0.0))


def random_pose(rng: np.random.Generator, half: float, place: tuple[float, float]) -> Pose:
    """Mostly upright, sometimes any way round; ``half`` is half the object's size in parts of the picture."""
    angle = rng.normal(0, 0.15) if rng.random() < 0.75 else rng.uniform(0, 2 * np.pi)
    stretch = np.exp(rng.uniform(-0.22, 0.22))
    mirror = rng.choice([-1.0, 1.0])
    cos, sin = np.cos(angle), np.sin(angle)
    shape = np.array([[mirror * stretch, rng.normal(0, 0.1)], [0, 1 / stretch]])
    slant = rng.uniform(-0.16, 0.16, 2)
    matrix = half * np.array([[cos, -sin], [sin, cos]]) @ shape
    return Pose(matrix, place, (float(slant[0]), float(slant[1])))
