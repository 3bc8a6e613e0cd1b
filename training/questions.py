"""An image with its questions: which masks are asked for, by which click or box, and what else would be right."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.model.innermost import innermost
from semsam_annotate.training.clicking import anywhere, loose_box
from semsam_annotate.training.config import PromptConfig, SetConfig
from semsam_annotate.training.data.record import TrainingImage

MOST_CANDIDATES = 6
MOST_CLICKS = 3


@dataclass(frozen=True)
class Questions:
    """N questions about one image of S x S pixels.

    ``sample``: the image and its M masks. ``meant`` (N,) index of the mask meant. ``points`` (N, 2) click (x, y) in
    pixels, or the box's centre. ``boxes`` (N, 4) edges, NaN where it was asked with a click. ``click_flag``: what tells
    clicks from boxes, which are 1. ``origin`` says which image of which source it is, ``learning`` what is learned.
    """

    sample: TrainingImage
    meant: NDArray[np.int64]
    points: NDArray[np.float32]
    boxes: NDArray[np.float32]
    click_flag: int = 0
    origin: str = ""
    learning: SetConfig = field(default_factory=SetConfig)


def ask(sample: TrainingImage, config: PromptConfig, rng: np.random.Generator) -> Questions:
    """Draw ``config.count`` questions: masks in random order, again from the start when there are fewer.

    What is only known as a box is asked for with a box: nobody knows where in it a click would be right.
    """
    rounds = -(-config.count // len(sample))
    weights = sample.masks.sum((1, 2)).astype(float) ** config.area_power
    meant = np.concatenate([_shuffled(weights, rng) for _ in range(rounds)])[: config.count]
    points = np.zeros((config.count, 2), np.float32)
    boxes = np.full((config.count, 4), np.nan, np.float32)
    for row, index in enumerate(meant):
        mask = sample.masks[index]
        if sample.box_only[index] or (row < config.count - config.corrections and rng.random() < config.boxes):
            boxes[row] = loose_box(mask, rng)
            points[row] = (boxes[row, :2] + boxes[row, 2:]) / 2 - 0.5
        else:
            points[row] = innermost(mask) if rng.random() < config.centred else anywhere(mask, rng)
    return Questions(sample, meant, points, boxes, int(config.click_flag == "box"))


def candidates(
    sample: TrainingImage, meant: int, clicks: list[tuple[int, int, bool]], boxed: bool
) -> NDArray[np.int64]:
    """Indices of the masks that agree with every click (x, y, belongs), the meant one first, at most six.

    A box means one mask; a click means every mask that contains it (many-to-many matching, paper section 3.3). What is
    only known as a box cannot be clicked.
    """
    if boxed:
        return np.array([meant])
    agree = ~sample.box_only
    for x, y, belongs in clicks:
        agree &= sample.masks[:, y, x] == belongs
    others = np.flatnonzero(agree)
    return np.concatenate([[meant], others[others != meant]])[:MOST_CANDIDATES]


def _shuffled(weights: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """A random order in which heavier items tend to come first (Efraimidis and Spirakis 2006)."""
    return np.argsort(-np.log(1 - rng.random(len(weights))) / weights)
