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
    """Predicted IoU ``score`` of the rung with the best one, and its true ``iou`` with the mask that was clicked."""

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
        for truth, best, score in _clicked(engine, image, sample.vocabulary):
            scores.append(score)
            objects += _name(image.name, best.object_labels, truth.object)
            parts += _name(image.name, best.part_labels, truth.part)
        if progress is not None:
            progress(number, len(sample.images))
    return Seen(len(sample), tuple(objects), tuple(parts), tuple(scores))


def _clicked(engine: Proposer, image: SampleImage, words: Vocabulary) -> list[tuple[TruthMask, Proposal, SeenScore]]:
    """Of each chosen mask its truth, the proposal most like it, and the score of the best rung."""
    if not image.chosen:
        return []
    asked = AskedImage.read(image)
    ladders = engine.propose_many(engine.encode(asked.rgb), prompts_of(CLICK, asked.chosen), words)
    found = []
    for index, ladder in zip(image.chosen, ladders, strict=True):
        truth, proposals = image.truths[index], list(ladder)
        fits = mask_ious([compressed(one.rle) for one in proposals], [truth.segment])[:, 0]
        chosen = max(range(len(proposals)), key=lambda place: proposals[place].score)
        score = SeenScore(image.name, proposals[chosen].score, float(fits[chosen]))
        found.append((truth, proposals[int(fits.argmax())], score))
    return found


def _name(image: str, labels: Sequence[tuple[str, float]], name: str | None) -> list[SeenName]:
    """Nothing where the mask has no name, none that the model was asked about, or the only one there is."""
    known = name is not None and name in dict(labels) and len(labels) > 1
    return [SeenName(image, tuple(labels), str(name))] if known else []
