"""What each step trains on: a pure function of (seed, step), so that a run resumes exactly."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from semsam_annotate.api import BadInput
from semsam_annotate.training.config import DataConfig, SetConfig, TrainConfig
from semsam_annotate.training.data.augment import augment
from semsam_annotate.training.data.paste import paste
from semsam_annotate.training.data.record import TrainingImage
from semsam_annotate.training.data.source import ImageSource, open_source, places
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
        self.packs = [open_source(Path(path)) for path in self.config.data.packs]
        self.images = list(places(self.packs))
        self.shares = image_shares(self.packs, self.config.data)

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
        pack, index = self.images[int(rng.choice(len(self.images), p=self.shares))]
        source = pack.source(index)
        learning = self.config.data.sets.get(source, SetConfig())
        views = replace(self.config.augment, scale=learning.scale or self.config.augment.scale)
        return augment(pack.load(index), size, rng, views), f"{source}/{pack.path.name}#{index}", learning


def image_shares(packs: list[ImageSource], config: DataConfig) -> np.ndarray:
    """(images,) probability of each image: sources by their shares or balanced, images of a source alike.

    Raises BadInput when the settings name a source that no pack has.
    """
    sources = [pack.source(index) for pack, index in places(packs)]
    if not sources:
        return np.zeros(0)
    names, which, counts = np.unique(sources, return_inverse=True, return_counts=True)
    shares = (_source_shares(list(names), counts, config) / counts)[which]
    first = np.arange(len(shares)) < len(packs[0])
    if config.focus and not first.all():
        shares[first] *= config.focus / shares[first].sum()
        shares[~first] *= (1 - config.focus) / shares[~first].sum()
    return np.asarray(shares / shares.sum())


def _source_shares(names: list[str], counts: np.ndarray, config: DataConfig) -> np.ndarray:
    if not config.sets:
        return np.asarray(counts**config.balance)
    for name in config.sets:
        if name not in names:
            known = ", ".join(names)
            raise BadInput(f"data.sets.{name}: no pack has images of that source; the packs have {known}")
    return np.array([config.sets[name].share if name in config.sets else 0.0 for name in names])
