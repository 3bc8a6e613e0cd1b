"""What each step trains on: a pure function of (seed, step), so that a run resumes exactly."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from semsam_annotate.training.config import SetConfig, TrainConfig
from semsam_annotate.training.data.augment import augment
from semsam_annotate.training.data.paste import paste
from semsam_annotate.training.data.record import TrainingImage
from semsam_annotate.training.data.shelves import fill_shelves
from semsam_annotate.training.data.source import open_source
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
        self.shelves = fill_shelves([open_source(Path(path)) for path in self.config.data.packs], self.config.data)
        self._shares = [shelf.share for shelf in self.shelves]

    def draw(self, step: int, places: Iterable[int] | None = None) -> list[Questions]:
        """The questions of one batch, or of some places in it: an image does not depend on the others."""
        chosen = range(self.config.schedule.batch) if places is None else places
        return [self._one(np.random.default_rng((self.config.seed, step, place)), step) for place in chosen]

    def _one(self, rng: np.random.Generator, step: int) -> Questions:
        size = crop_size(self.config, step)
        while True:
            sample, origin, learning = self._image(rng, size)
            if rng.random() < self.config.data.paste:
                sample, origin = self._pasted(sample, origin, learning, rng)
            if len(sample):
                return replace(ask(sample, self.config.prompts, rng), origin=origin, learning=learning)

    def _pasted(
        self, sample: TrainingImage, origin: str, learning: SetConfig, rng: np.random.Generator
    ) -> tuple[TrainingImage, str]:
        """With objects of another image on it, unless other branches learn from that one."""
        donor, other, taught = self._image(rng, sample.image.shape[0])
        if (taught.prompted, taught.generic) != (learning.prompted, learning.generic):
            return sample, origin
        return paste(sample, donor, rng), f"{origin} + {other}"

    def _image(self, rng: np.random.Generator, size: int) -> tuple[TrainingImage, str, SetConfig]:
        """An image, what it is called, and what is learned from it."""
        family = self.config.data.scene_family
        if rng.random() < self.config.data.scenes:
            seed = int(rng.integers(2**31))
            view = augment(generate(seed, size, family), size, rng, self.config.augment)
            return view, f"scene {family}/{seed}", SetConfig()
        shelf = self.shelves[int(rng.choice(len(self.shelves), p=self._shares))]
        index = int(rng.choice(shelf.images))
        learning = self.config.data.sets.get(shelf.source, SetConfig())
        views = replace(self.config.augment, scale=learning.scale or self.config.augment.scale)
        origin = f"{shelf.source}/{shelf.file.path.name}#{index}"
        return augment(shelf.file.load(index), size, rng, views), origin, learning
