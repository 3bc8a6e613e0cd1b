"""What each step trains on: a pure function of (seed, step), so that a run resumes exactly."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semsam_annotate.training.config import DataConfig, TrainConfig
from semsam_annotate.training.data.augment import augment
from semsam_annotate.training.data.pack import Pack
from semsam_annotate.training.data.record import TrainingImage
from semsam_annotate.training.questions import Questions, ask
from semsam_annotate.training.scenes import generate


def crop_size(config: TrainConfig, step: int) -> int:
    """Side of the crops at a step."""
    schedule = config.schedule
    late = step >= schedule.steps * (1 - schedule.final_share)
    return schedule.final_size if late and schedule.final_size else schedule.size


@dataclass
class Sampler:
    """Draws the questions of a step; holds no state that a step changes."""

    config: TrainConfig

    def __post_init__(self) -> None:
        self.packs = [Pack(Path(path)) for path in self.config.data.packs]
        self.images = [(pack, index) for pack in self.packs for index in range(len(pack))]
        self.shares = image_shares(self.packs, self.config.data)

    def draw(self, step: int) -> list[Questions]:
        """The questions of one batch."""
        return [self._one(np.random.default_rng((self.config.seed, step, slot)), step) for slot in range(self._batch)]

    @property
    def _batch(self) -> int:
        return self.config.schedule.batch

    def _one(self, rng: np.random.Generator, step: int) -> Questions:
        size = crop_size(self.config, step)
        while True:
            sample = self._image(rng, size)
            if len(sample):
                return ask(sample, self.config.prompts, rng)

    def _image(self, rng: np.random.Generator, size: int) -> TrainingImage:
        if rng.random() < self.config.data.scenes:
            return augment(generate(int(rng.integers(2**31)), size, self.config.data.scene_family), size, rng)
        pack, index = self.images[int(rng.choice(len(self.images), p=self.shares))]
        return augment(pack.load(index), size, rng)


def image_shares(packs: list[Pack], config: DataConfig) -> np.ndarray:
    """(images,) probability of each image: sources balanced by ``config.balance``, images of a source alike."""
    sources = [pack.source(index) for pack in packs for index in range(len(pack))]
    if not sources:
        return np.zeros(0)
    _, which, counts = np.unique(sources, return_inverse=True, return_counts=True)
    shares = (counts**config.balance / counts)[which]
    first = np.arange(len(shares)) < len(packs[0])
    if config.focus and not first.all():
        shares[first] *= config.focus / shares[first].sum()
        shares[~first] *= (1 - config.focus) / shares[~first].sum()
    return np.asarray(shares / shares.sum())
