"""What the ranker is fitted on: simulated clicks on training photos, and what each candidate is worth."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import BadInput, Embedding, Mask, Prompt
from semsam_annotate.model.engine import LocalEngine
from semsam_annotate.model.engine.refinement import Candidates
from semsam_annotate.model.innermost import innermost
from semsam_annotate.training.clicking import near_middle
from semsam_annotate.training.data.record import TrainingImage
from semsam_annotate.training.data.source import ImageSource
from semsam_annotate.training.evaluation.clicks import correction_click
from semsam_annotate.training.questions import candidates

MIN_AREA = 30
"""Pixels; photos in packs are shrunk, so what is smaller here was hardly to be seen."""


@dataclass(frozen=True)
class GatherSettings:
    """How much is asked, and how."""

    images: int = 500
    masks: int = 6
    """Of each image, at most."""
    centred: float = 0.75
    """Share of first clicks at the innermost pixel of the mask; the others in it, rarely near its edge."""
    corrected: float = 0.4
    """Share of masks that get a second, corrective click, and again of those that get a third."""
    seed: int = 0


@dataclass(frozen=True)
class Samples:
    """``features`` (N, K, C) of the candidates of N prompts; ``ious`` (N, K, 2) with what was meant, and the best with
    any mask that the clicks agree with."""

    features: NDArray[np.float32]
    ious: NDArray[np.float32]


def gather(
    engine: LocalEngine,
    source: ImageSource,
    settings: GatherSettings,
    progress: Callable[[int, int], None] = lambda done, images: None,
) -> Samples:
    """Ask an engine about images of a pack, sources alike by the root of their numbers; its model has a ranker."""
    rng = np.random.default_rng(settings.seed)
    rows: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    drawn = draw(source, settings.images, rng)
    for done, index in enumerate(drawn, start=1):
        rows += asked(engine, source.load(index), settings, rng)
        progress(done, len(drawn))
    if not rows:
        raise BadInput(
            f"no image of {source.path} has a mask of {MIN_AREA} pixels to click: nothing to fit a ranker to"
        )
    return Samples(np.stack([row[0] for row in rows]), np.stack([row[1] for row in rows]))


def draw(source: ImageSource, count: int, rng: np.random.Generator) -> list[int]:
    """Different images, of every source as many as the root of how many it has, within what there is."""
    names = [source.source(index) for index in range(len(source))]
    counts = {name: names.count(name) for name in set(names)}
    weights = np.array([counts[name] ** -0.5 for name in names])
    return [int(index) for index in rng.choice(len(names), min(count, len(names)), False, weights / weights.sum())]


def asked(
    engine: LocalEngine, sample: TrainingImage, settings: GatherSettings, rng: np.random.Generator
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Features and IoUs of every prompt that is tried on an image."""
    large = [index for index, mask in enumerate(sample.masks) if mask.sum() >= MIN_AREA and not sample.box_only[index]]
    handle = engine.encode(sample.image)
    rows = []
    for index in rng.permutation(large)[: settings.masks]:
        rows += _turns(engine, handle, sample, int(index), settings, rng)
    engine.release(handle)
    return rows


def _turns(
    engine: LocalEngine,
    handle: Embedding,
    sample: TrainingImage,
    meant: int,
    settings: GatherSettings,
    rng: np.random.Generator,
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """The first click, and corrective ones on the candidate that the network thinks is meant."""
    mask = sample.masks[meant]
    points: list[tuple[float, float]] = [innermost(mask) if rng.random() < settings.centred else near_middle(mask, rng)]
    labels, rows = [1], []
    while True:
        found = engine.candidates(handle, [Prompt(points=points, labels=labels)])[0]
        clicks = [(int(x), int(y), bool(label)) for (x, y), label in zip(points, labels, strict=True)]
        agreeing = candidates(sample, meant, clicks, boxed=False)
        ious = np.stack([_ious(found, sample.masks[index]) for index in agreeing])
        rows.append((found.pool.features, np.stack([ious[0], ious.max(0)], 1)))
        if len(points) == 3 or rng.random() >= settings.corrected:
            return rows
        best = int(found.pool.features[: found.pool.tokens, 1].argmax())
        click = correction_click(found.masks[best].full(), mask)
        if click is None:
            return rows
        points.append(click[0])
        labels.append(click[1])


def _ious(found: Candidates, mask: Mask) -> NDArray[np.float32]:
    full = [region.full() for region in found.masks]
    return np.array([(one & mask).sum() / max(1, (one | mask).sum()) for one in full], np.float32)
