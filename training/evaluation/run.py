"""Click every mask of a sample, ask the engine for its ladder, and keep one row a click."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from pycocotools import mask as coco_mask

from semsam_annotate.annotations import read_image
from semsam_annotate.api import BadInput, Embedding, EngineInfo, Ladder, Prompt, RgbImage, Rle, Vocabulary
from semsam_annotate.model.innermost import innermost
from semsam_annotate.training.evaluation.correcting import MOST_CLICKS, refine
from semsam_annotate.training.evaluation.result import EvaluationResult
from semsam_annotate.training.evaluation.rows import ClickRow, Ious, granularities, measure
from semsam_annotate.training.evaluation.sample import EvaluationSample, SampleImage

Progress = Callable[[int, int], None]
"""Called with (clicks done, clicks in all) after each image; what it raises stops the evaluation."""


class Proposer(Protocol):
    """The part of an Engine that is measured."""

    @property
    def info(self) -> EngineInfo:
        """Name and version."""
        ...

    def encode(self, image: RgbImage) -> Embedding:
        """Encode (H, W, 3) uint8 RGB."""
        ...

    def propose_many(
        self, embedding: Embedding, prompts: Sequence[Prompt], vocabulary: Vocabulary | None = None
    ) -> list[Ladder]:
        """One ladder a prompt."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


def evaluate(
    engine: Proposer, sample: EvaluationSample, clicks: int = 1, progress: Progress | None = None
) -> EvaluationResult:
    """Measure an engine on a sample: each image is encoded once, all its clicks are asked together.

    clicks: 2 to 20 add corrective clicks, each at the centre of the largest error of the proposal with the best score;
    an engine with the capability "mask" is also given that proposal. Raises BadInput for an image that cannot be read
    or is not as large as its file says.
    """
    if clicks not in range(1, MOST_CLICKS + 1):
        raise BadInput(f"an evaluation makes 1 to {MOST_CLICKS} clicks a mask, not {clicks}")
    rows: list[ClickRow] = []
    for image in sample.images:
        if image.chosen:
            rows += evaluate_image(engine, image, sample.vocabulary, clicks)
        if progress is not None:
            progress(len(rows), len(sample))
    info = engine.info
    return EvaluationResult(tuple(rows), engine=info.name, version=info.version, seed=sample.seed)


def evaluate_image(engine: Proposer, image: SampleImage, vocabulary: Vocabulary, clicks: int = 1) -> list[ClickRow]:
    """The rows of one image's chosen masks."""
    rgb = read_image(image.path)
    if rgb.shape[:2] != (image.height, image.width):
        raise BadInput(
            f"{image.path} is {rgb.shape[1]}x{rgb.shape[0]} pixels, its annotation says {image.width}x{image.height}"
        )
    # Decoding checks the runs; pycocotools compares unchecked ones of the wrong length for ever.
    masks = [truth.mask() for truth in image.truths]
    segments = [truth.segment for truth in image.truths]
    truth_ious = _ious(segments, segments)
    embedding = engine.encode(rgb)
    points = [innermost(masks[index]) for index in image.chosen]
    ladders = engine.propose_many(embedding, [Prompt(points=[point]) for point in points], vocabulary)
    rows = []
    for index, (x, y), ladder in zip(image.chosen, points, ladders, strict=True):
        under = [number for number, mask in enumerate(masks) if mask[y, x]]
        group = granularities(under, truth_ious)
        ious = _ious([compressed(proposal.rle) for proposal in ladder], segments)
        truth, area = image.truths[index], int(masks[index].sum())
        rows.append(measure(image.name, truth, area, (x, y), ladder, ious[:, index], ious[:, group]))
    chosen = [masks[index] for index in image.chosen]
    with_mask = "mask" in engine.info.capabilities
    later = refine(lambda asked: engine.propose_many(embedding, asked), chosen, points, ladders, clicks, with_mask)
    return [replace(row, later=ious) for row, ious in zip(rows, later, strict=True)]


def compressed(rle: Rle) -> dict[str, Any]:
    """An api RLE as pycocotools takes it."""
    return {"size": rle["size"], "counts": rle["counts"].encode("ascii")}


def _ious(first: Sequence[dict[str, Any]], second: Sequence[dict[str, Any]]) -> Ious:
    """(len(first), len(second)) IoU of run-length masks of one size."""
    return np.asarray(coco_mask.iou(list(first), list(second), [0] * len(second)), dtype=np.float64)
