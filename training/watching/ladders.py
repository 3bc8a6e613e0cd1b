"""Ladders of the last checkpoint on pictures that training never sees."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from semsam_annotate.api import Ladder, Mask, Prompt, Vocabulary
from semsam_annotate.model.engine import LocalEngine
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.innermost import innermost
from semsam_annotate.training.config import TrainConfig
from semsam_annotate.training.data.record import TrainingImage
from semsam_annotate.training.data.source import open_source, places
from semsam_annotate.training.evaluation.sheet import SheetRow, draw_sheet
from semsam_annotate.training.scenes import generate

FIRST_SEED = 2**31
"""Training draws scene seeds below this."""
MIN_AREA = 100
"""Pixels of the smallest mask that is clicked."""


def draw_ladders(config: TrainConfig, weights: Path, path: Path, heading: str) -> dict[str, float]:
    """Click on ``config.watch.ladders`` pictures, draw the sheet; mean IoU of the best-scored and of the best mask."""
    model = LoadedModel.read(weights, "auto")
    engine = LocalEngine(lambda: model)
    vocabulary = Vocabulary(model.card.objects, model.card.parts)
    rows, ious = [], []
    for number, sample in enumerate(_samples(config)):
        clicked = _chosen(sample, number)
        x, y = innermost(sample.masks[clicked])
        prompt = Prompt(points=[(x, y)], labels=[1])
        ladder = engine.propose(engine.encode(sample.image), prompt, vocabulary=vocabulary)
        rows.append(SheetRow(sample.image, prompt, ladder, sample.parts[clicked] or sample.objects[clicked] or ""))
        ious.append(_ious(ladder, sample.masks[clicked]))
    draw_sheet(rows, path, heading)
    best, oracle = np.mean(ious, axis=0)
    return {"max": round(float(best), 4), "oracle": round(float(oracle), 4)}


def _samples(config: TrainConfig) -> Iterator[TrainingImage]:
    """The pictures, always the same."""
    pictures = list(places([open_source(Path(path)) for path in config.watch.packs]))
    if not pictures:
        side, family = max(config.schedule.size, 128), config.data.scene_family
        yield from (generate(FIRST_SEED + number, side, family) for number in range(config.watch.ladders))
        return
    for place in np.random.default_rng(0).permutation(len(pictures))[: config.watch.ladders]:
        pack, index = pictures[place]
        yield pack.load(index)


def _chosen(sample: TrainingImage, number: int) -> int:
    areas = sample.masks.sum((1, 2))
    large = np.flatnonzero(areas >= min(MIN_AREA, areas.max()))
    return int(np.random.default_rng(number).choice(large))


def _ious(ladder: Ladder, truth: Mask) -> tuple[float, float]:
    """IoU of the proposal with the best score, and the best IoU of the ladder."""
    found = [(proposal.mask & truth).sum() / (proposal.mask | truth).sum() for proposal in ladder]
    best = [proposal is ladder.best for proposal in ladder].index(True)
    return float(found[best]), float(max(found))
