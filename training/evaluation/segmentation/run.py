"""Ask an engine for everything in every image of a sample, and measure instances, parts, maps and panoptic maps."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from semsam_annotate.annotations import read_image
from semsam_annotate.api import BadInput, CancelToken, Embedding, Proposal, RgbImage, Segmentation, Task, Vocabulary
from semsam_annotate.training.data.record import OBJECT, PART
from semsam_annotate.training.evaluation.asking import compressed
from semsam_annotate.training.evaluation.resampling import Figures, Times, difference, resampled_intervals
from semsam_annotate.training.evaluation.segmentation.average_precision import AveragePrecision, NamedMask
from semsam_annotate.training.evaluation.segmentation.panoptic import PanopticQuality
from semsam_annotate.training.evaluation.segmentation.semantic import SemanticIou
from semsam_annotate.training.evaluation.segmentation.truth import SegmentTruth, TruthImage, full_name, object_map

Progress = Callable[[int, int], None]
"""Called with (images done, images in all) after each image; what it raises stops the evaluation."""

ROUNDS = 200
DIGITS = 4


class Segmenter(Protocol):
    """The part of an Engine that is measured."""

    def encode(self, image: RgbImage) -> Embedding:
        """Encode (H, W, 3) uint8 RGB."""
        ...

    def segment(
        self, embedding: Embedding, vocabulary: Vocabulary, task: Task = "instance"
    ) -> list[Proposal] | Segmentation:
        """All of a vocabulary."""
        ...


@dataclass(frozen=True)
class Answers:
    """What was found in one image, None for what was not asked: objects and parts with a name each, maps of objects."""

    instances: Sequence[Proposal] | None = None
    parts: Sequence[Proposal] | None = None
    panoptic: Segmentation | None = None
    semantic: Segmentation | None = None


class SegmentMeter:
    """The measures of one engine on one data set, filled image by image.

    ``instance``: AP of objects. ``part``: AP of parts by object and part, ``object:part``, as PACO (Ramanathan et al.,
    arXiv 2301.01795, section 5); ``part_name``: by the bare part name, as PartImageNet (He et al., arXiv 2112.00933).
    ``panoptic``: PQ, SQ, RQ; ``semantic``: mIoU of objects.
    """

    def __init__(self, vocabulary: Vocabulary, stuff: frozenset[str] = frozenset()) -> None:
        self.vocabulary = vocabulary
        self.instance, self.part, self.part_name = AveragePrecision(), AveragePrecision(), AveragePrecision()
        self.panoptic = PanopticQuality(vocabulary.objects, stuff) if vocabulary.objects else None
        self.semantic = SemanticIou(vocabulary.objects) if vocabulary.objects else None

    def add(self, engine: Segmenter, image: TruthImage) -> None:
        """Encode and segment one image, and count what was found; BadInput when it is not as large as its file says."""
        rgb = read_image(image.path)
        if rgb.shape[:2] != (image.height, image.width):
            raise BadInput(
                f"{image.path} is {rgb.shape[1]}x{rgb.shape[0]} pixels, "
                f"its annotation says {image.width}x{image.height}"
            )
        self.count(self._answers(engine, engine.encode(rgb)), image)

    def count(self, answers: Answers, image: TruthImage) -> None:
        """Count what was answered for one image, whoever did."""
        if answers.instances is not None:
            self._add_instances(answers.instances, image)
        if answers.parts is not None:
            self._add_parts(answers.parts, image)
        if answers.panoptic is not None and self.panoptic is not None:
            self.panoptic.add(answers.panoptic, object_map(image))
        if answers.semantic is not None and self.semantic is not None:
            self.semantic.add(answers.semantic, object_map(image))

    def measures(self) -> dict[str, Callable[[Times | None], dict[str, float]]]:
        """What is measured, by the prefix of its keys."""
        found: dict[str, Callable[[Times | None], dict[str, float]]] = {"instance_": self.instance.figures}
        if self.panoptic is not None and self.semantic is not None:
            found |= {"panoptic_": self.panoptic.figures, "semantic_": self.semantic.figures}
        return {**found, "part_": self.part.figures, "part_name_": self.part_name.figures}

    def figures(self, times: Times | None = None) -> dict[str, float]:
        """All figures, 0..100, NaN where nothing counts; ``times`` (images,) weighs images."""
        return {f"{prefix}{key}": value for prefix, of in self.measures().items() for key, value in of(times).items()}

    def __len__(self) -> int:
        """Images counted."""
        return max(len(self.instance), len(self.part))

    def _answers(self, engine: Segmenter, embedding: Embedding) -> Answers:
        def asked(task: Task) -> list[Proposal] | Segmentation:
            return engine.segment(embedding, self.vocabulary, task)

        objects, parts = bool(self.vocabulary.objects), bool(self.vocabulary.parts)
        return Answers(
            instances=_proposals(asked("instance")) if objects else None,
            parts=_proposals(asked("parts")) if parts else None,
            panoptic=_map(asked("panoptic")) if objects else None,
            semantic=_map(asked("semantic")) if objects else None,
        )

    def _add_instances(self, found: Sequence[Proposal], image: TruthImage) -> None:
        named = [NamedMask(compressed(one.rle), *one.object_labels[0]) for one in found]
        truths = [
            NamedMask(one.segment, one.object, crowd=one.crowd)
            for one in image.instances
            if one.kind == OBJECT and one.object
        ]
        self.instance.add(named, truths, image.absent, image.unfinished)

    def _add_parts(self, found: Sequence[Proposal], image: TruthImage) -> None:
        truths = [one for one in image.instances if one.kind == PART and one.part]
        owned = [NamedMask(one.segment, full_name(one.object, one.part), crowd=one.crowd) for one in truths]
        self.part.add([_owned(one) for one in found], owned, image.absent, image.unfinished)
        bare = [NamedMask(one.segment, str(one.part), crowd=one.crowd) for one in truths]
        named = [NamedMask(compressed(one.rle), *one.part_labels[0]) for one in found]
        self.part_name.add(named, bare, _bare(image.absent), _bare(image.unfinished) or frozenset())


def measure_segmentation(
    engine: Segmenter,
    truth: SegmentTruth,
    vocabulary: Vocabulary,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> SegmentMeter:
    """Segment every image of the truth; BadInput when the engine cannot, Cancelled between two images."""
    meter = SegmentMeter(vocabulary, truth.stuff)
    for number, image in enumerate(truth.images, start=1):
        if cancel is not None:
            cancel.check()
        meter.add(engine, image)
        if progress is not None:
            progress(number, len(truth.images))
    return meter


def segment_report(meter: SegmentMeter, seed: int = 0, rounds: int = ROUNDS) -> dict[str, Any]:
    """The figures, None where nothing counts, ``images``, ``ci95`` by key, and IoU and PQ by name."""
    intervals = resampled_intervals(meter.figures, len(meter), seed, rounds)
    by_name = {"panoptic_by_name": meter.panoptic, "semantic_by_name": meter.semantic}
    return {
        "images": len(meter),
        **{key: _plain(value) for key, value in meter.figures().items()},
        **{
            key: {} if one is None else {name: _plain(value) for name, value in one.by_name().items()}
            for key, one in by_name.items()
        },
        "ci95": {key: _bounds(bounds) for key, bounds in intervals.items()},
    }


def compare_segmentation(
    new: SegmentMeter, old: SegmentMeter, seed: int = 0, rounds: int = ROUNDS
) -> dict[str, list[float] | None]:
    """New minus old on the same images: key to [difference, low, high], paired bootstrap over images."""
    if len(new) != len(old):
        raise BadInput(f"the two runs segmented different images: {len(new)} and {len(old)}")
    between: Figures = difference(new.figures, old.figures)
    intervals = resampled_intervals(between, len(new), seed, rounds)
    first, second = new.figures(), old.figures()
    return {key: _difference(first[key] - second[key], bounds) for key, bounds in intervals.items()}


def _difference(value: float, bounds: tuple[float, float]) -> list[float] | None:
    between = _bounds(bounds)
    return None if math.isnan(value) or between is None else [round(value, DIGITS), *between]


def _bounds(bounds: tuple[float, float]) -> list[float] | None:
    return None if math.isnan(bounds[0]) else [round(bound, DIGITS) for bound in bounds]


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else round(value, DIGITS)


def _owned(one: Proposal) -> NamedMask:
    """The part under the object that it most likely belongs to; both must be right, so their chances multiply."""
    part, score = one.part_labels[0]
    owner, share = one.object_labels[0] if one.object_labels else (None, 1.0)
    return NamedMask(compressed(one.rle), full_name(owner, part), score * share)


def _bare(names: frozenset[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(name.rpartition(":")[2] for name in names if ":" in name)


def _proposals(found: list[Proposal] | Segmentation) -> list[Proposal]:
    if isinstance(found, Segmentation):
        raise BadInput("the engine answered an instance task with a label map")
    return found


def _map(found: list[Proposal] | Segmentation) -> Segmentation:
    if not isinstance(found, Segmentation):
        raise BadInput("the engine answered a map task with proposals")
    return found
