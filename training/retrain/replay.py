"""The replay set: fixed clicks on generated scenes, on which a fine-tuned model must not have forgotten."""

from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

from semsam_annotate.api import Vocabulary
from semsam_annotate.training.data.record import PART, TrainingImage
from semsam_annotate.training.evaluation.sample import MIN_AREA, EvaluationSample, SampleImage, TruthMask
from semsam_annotate.training.scenes import generate

FIRST_SEED = 2**31
"""Training draws scene seeds below this, so no replay scene was ever trained on."""
SIDE = 256


def replay_sample(folder: Path, scenes: int = 55, clicks: int = 10) -> EvaluationSample:
    """``scenes`` x ``clicks`` fixed clicks; the scenes are written to ``folder`` as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    images = []
    for number in range(scenes):
        sample = generate(FIRST_SEED + number, SIDE)
        path = folder / f"{number:03d}.png"
        Image.fromarray(sample.image).save(path)
        images.append(_clicked(sample, path, clicks, np.random.default_rng(number)))
    return EvaluationSample(tuple(images), Vocabulary(), 0)


def _clicked(sample: TrainingImage, path: Path, clicks: int, rng: np.random.Generator) -> SampleImage:
    segments = coco_mask.encode(np.asfortranarray(sample.masks.transpose(1, 2, 0).astype(np.uint8)))
    truths = tuple(
        TruthMask(index + 1, segment, kind == PART, name, part)
        for index, (segment, kind, name, part) in enumerate(
            zip(segments, sample.kinds, sample.objects, sample.parts, strict=True)
        )
    )
    large = np.flatnonzero(sample.masks.sum((1, 2)) >= MIN_AREA)
    chosen = tuple(int(index) for index in rng.permutation(large)[:clicks])
    height, width = sample.image.shape[:2]
    return SampleImage(path.name, path, height, width, truths, chosen)
