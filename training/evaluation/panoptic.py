"""Panoptic quality (Kirillov et al. 2019, equation 1): how well segments and their names fit, class by class."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import BadInput, Segmentation, segments_of

MATCHED = 0.5
"""Segments of one name with a larger IoU are a match, and then the only one of each other."""


@dataclass
class ClassTally:
    """Matches of one name: their summed IoU, their number, wrong segments and missed ones."""

    iou: float = 0.0
    matched: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def quality(self) -> float:
        """PQ of the name, 0..1."""
        return self.iou / max(self.matched + 0.5 * (self.wrong + self.missed), 1e-9)

    @property
    def recognised(self) -> float:
        """F1 of the name's segments, 0..1."""
        return self.matched / max(self.matched + 0.5 * (self.wrong + self.missed), 1e-9)


@dataclass
class PanopticQuality:
    """Tallies by name; the figures are means over the names that occur in the truth or were predicted, in percent."""

    classes: dict[str, ClassTally] = field(default_factory=dict)

    def add(self, predicted: Segmentation, truth: Segmentation) -> None:
        """Count one image. Pixels with label 0 in the truth belong to nobody and count for nothing."""
        if predicted.labels.shape != truth.labels.shape:
            raise BadInput(f"the maps have different sizes: {predicted.labels.shape} and {truth.labels.shape}")
        joint = overlaps(predicted.labels, truth.labels)
        found, meant = joint.sum(1), joint.sum(0)
        missed = {segment.id: segment.name for segment in truth.segments}
        for segment in predicted.segments:
            match = self._match(segment.id, segment.name, joint, found, meant, missed)
            if match is not None:
                self._tally(segment.name).matched += 1
                self._tally(segment.name).iou += match[1]
                del missed[match[0]]
            elif joint[segment.id, 0] <= 0.5 * found[segment.id]:
                self._tally(segment.name).wrong += 1
        for name in missed.values():
            self._tally(name).missed += 1

    @property
    def pq(self) -> float:
        """Panoptic quality."""
        return self._mean([tally.quality for tally in self.classes.values()])

    @property
    def sq(self) -> float:
        """Segmentation quality: mean IoU of matches."""
        return self._mean([tally.iou / max(tally.matched, 1) for tally in self.classes.values()])

    @property
    def rq(self) -> float:
        """Recognition quality: F1 of the segments."""
        return self._mean([tally.recognised for tally in self.classes.values()])

    def _tally(self, name: str) -> ClassTally:
        return self.classes.setdefault(name, ClassTally())

    @staticmethod
    def _mean(values: list[float]) -> float:
        return 100.0 * float(np.mean(values)) if values else float("nan")

    @staticmethod
    def _match(
        number: int,
        name: str,
        joint: NDArray[np.int64],
        found: NDArray[np.int64],
        meant: NDArray[np.int64],
        open_truths: dict[int, str],
    ) -> tuple[int, float] | None:
        """The true segment of the same name with IoU above ``MATCHED``, and that IoU."""
        for other, its_name in open_truths.items():
            union = found[number] - joint[number, 0] + meant[other] - joint[number, other]
            if its_name == name and joint[number, other] > MATCHED * union:
                return other, float(joint[number, other] / union)
        return None


def overlaps(predicted: NDArray[np.int32], truth: NDArray[np.int32]) -> NDArray[np.int64]:
    """(P + 1, T + 1) number of pixels with each pair of labels."""
    rows, columns = int(predicted.max()) + 1, int(truth.max()) + 1
    pairs = predicted.astype(np.int64) * columns + truth
    return np.bincount(pairs.ravel(), minlength=rows * columns).reshape(rows, columns)


def truth_map(masks: NDArray[np.bool_], names: Iterable[str]) -> Segmentation:
    """A label map of (N, H, W) disjoint masks and their names; empty masks get no segment."""
    labels = np.zeros(masks.shape[1:], np.int32)
    found = []
    for number, (mask, name) in enumerate(zip(masks, names, strict=True), start=1):
        if mask.any():
            labels[mask] = number
            found.append((number, name, 1.0))
    return Segmentation(labels, segments_of(labels, found))
