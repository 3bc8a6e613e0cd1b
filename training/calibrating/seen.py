"""What a model said of masks whose names and shapes are known: one click each, as an annotator makes it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from semsam_annotate.api import Proposal, Vocabulary
from semsam_annotate.training.calibrating.calibration import Shares
from semsam_annotate.training.evaluation.asking import AskedImage, compressed, mask_ious, prompts_of
from semsam_annotate.training.evaluation.rows import CLICK
from semsam_annotate.training.evaluation.run import Proposer
from semsam_annotate.training.evaluation.sample import EvaluationSample, SampleImage, TruthMask


@dataclass(frozen=True)
class SeenName:
    """``shares`` that the best proposal of a click gave to the names of a side, and the true ``name``."""

    image: str
    shares: Shares
    name: str


@dataclass(frozen=True)
class SeenScore:
    """A rung's predicted IoU ``score``, and its true ``iou`` with the mask under the click that it fits best."""

    image: str
    score: float
    iou: float


@dataclass(frozen=True)
class Seen:
    """``masks`` that were clicked, and what was said of them."""

    masks: int
    objects: tuple[SeenName, ...]
    parts: tuple[SeenName, ...]
    scores: tuple[SeenScore, ...]


def look(engine: Proposer, sample: EvaluationSample, progress: Callable[[int, int], None] | None = None) -> Seen:
    """Click every mask of a sample once; BadInput for an image that cannot be read."""
    objects: list[SeenName] = []
    parts: list[SeenName] = []
    scores: list[SeenScore] = []
    for number, image in enumerate(sample.images, 1):
        for truth, best, rungs in _clicked(engine, image, sample.vocabulary):
            scores += [SeenScore(image.name, score, iou) for score, iou in rungs]
            objects += _name(image.name, best.object_labels, truth.object)
            parts += _name(image.name, best.part_labels, truth.part)
        if progress is not None:
            progress(number, len(sample.images))
    return Seen(len(sample), tuple(objects), tuple(parts), tuple(scores))


def _clicked(
    engine: Proposer, image: SampleImage, words: Vocabulary
) -> list[tuple[TruthMask, Proposal, list[tuple[float, float]]]]:
    """Of each chosen mask its truth, the proposal most like it, and score and IoU of every rung."""
    if not image.chosen:
        return []
    asked = AskedImage.read(image)
    embedding = engine.encode(asked.rgb)
    prompts = prompts_of(CLICK, asked.chosen)
    ladders = engine.propose_many(embedding, prompts, words)
    found = []
    rows = asked.rows(CLICK, prompts, ladders)
    for index, ladder, row in zip(image.chosen, ladders, rows, strict=True):
        truth, proposals = image.truths[index], list(ladder)
        fits = mask_ious([compressed(one.rle) for one in proposals], [truth.segment])[:, 0]
        found.append((truth, proposals[int(fits.argmax())], [(rung.score, rung.fit) for rung in row.rungs]))
    return found


def _name(image: str, labels: Sequence[tuple[str, float]], name: str | None) -> list[SeenName]:
    """Nothing where the model gives no names, or the mask has none."""
    return [SeenName(image, tuple(labels), name)] if labels and name else []
