"""Panoptic quality (Kirillov et al. 2019, equation 1), counted by torchmetrics, with intervals over images."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics.detection import PanopticQuality as Metric

from semsam_annotate.api import BadInput, Segmentation
from semsam_annotate.training.evaluation.resampling import Times

KEYS = ("pq", "sq", "rq")
STATES = ("iou_sum", "true_positives", "false_positives", "false_negatives")
"""What torchmetrics keeps of an image, each one value a name."""


class PanopticQuality:
    """Panoptic quality over the names that occur in the truth or were predicted, 0..100.

    names: every name that can occur. stuff: those of them that are not countable; all pixels of such a name in an
    image are one segment. BadInput without names.
    """

    def __init__(self, names: Sequence[str], stuff: frozenset[str] = frozenset()) -> None:
        if not names:
            raise BadInput("panoptic quality needs at least one name to measure")
        countable = [name for name in dict.fromkeys(names) if name not in stuff]
        self.names = (*countable, *(name for name in dict.fromkeys(names) if name in stuff))
        self._numbers = {name: number for number, name in enumerate(self.names)}
        self._things = set(range(len(countable)))
        self._images: list[dict[str, Tensor]] = []

    def __len__(self) -> int:
        """Images counted."""
        return len(self._images)

    def add(self, predicted: Segmentation, truth: Segmentation) -> None:
        """Count one image. Pixels with label 0 in the truth belong to nobody and count for nothing.

        BadInput when the maps differ in size or hold a name that is not among ``names``.
        """
        if predicted.labels.shape != truth.labels.shape:
            raise BadInput(f"the maps have different sizes: {predicted.labels.shape} and {truth.labels.shape}")
        metric, nothing = self._metric(), len(self.names)
        metric.update(self._coloured(predicted, nothing), self._coloured(truth, nothing + 1))
        self._images.append({state: getattr(metric, state).clone() for state in STATES})

    def figures(self, times: Times | None = None) -> dict[str, float]:
        """``pq``, ``sq``, ``rq`` (segmentation and recognition quality); NaN when no name occurs.

        times: (images,) how often each image counts, once each when left out.
        """
        known = self._by_name(times)
        return {
            key: 100 * float(value) for key, value in zip(KEYS, known[~known[:, 0].isnan()].mean(dim=0), strict=True)
        }

    def by_name(self) -> dict[str, float]:
        """PQ of each name that occurs, 0..100, sorted by name."""
        found = zip(self.names, self._by_name(None)[:, 0].tolist(), strict=True)
        return {name: 100 * value for name, value in sorted(found) if not math.isnan(value)}

    def _by_name(self, times: Times | None) -> Tensor:
        """(names, 3) PQ, SQ and RQ, 0..1; NaN for a name that does not occur."""
        if not self._images:
            return torch.full((len(self.names), len(KEYS)), math.nan)
        metric = self._counted(times)
        occurs = metric.true_positives + metric.false_positives + metric.false_negatives > 0
        return torch.where(occurs[:, None], metric.compute(), math.nan)[: len(self.names)]

    def _counted(self, times: Times | None) -> Metric:
        """The metric with all images in it, weighted by ``times``; the empty one tells it that it was given some."""
        weights = torch.from_numpy(np.ones(len(self), np.int64) if times is None else times)
        stacked = {state: torch.stack([image[state] for image in self._images]) for state in STATES}
        metric, nobody = self._metric(), torch.tensor([[[[len(self.names) + 1, 0]]]])
        metric.update(nobody, nobody)
        metric.merge_state({state: (weights[:, None] * counts).sum(dim=0) for state, counts in stacked.items()})
        return metric

    def _metric(self) -> Metric:
        """With one name more, "nothing", for what was not predicted.

        torchmetrics takes a pixel without a prediction out of unions and forgives a segment that is missed whole; by
        the definition only pixels without a truth count for nothing. Other processes are not asked: who evaluates in
        several brings together what they found before it is counted.
        """
        stuff = set(range(len(self.names) + 1)) - self._things
        return Metric(self._things, stuff, True, return_sq_and_rq=True, return_per_class=True, sync_on_compute=False)

    def _coloured(self, found: Segmentation, nameless: int) -> Tensor:
        """(1, H, W, 2) int64: number of the name, ``nameless`` where there is none, and of the segment."""
        table: NDArray[np.int64] = np.full(int(found.labels.max(initial=0)) + 1, nameless, np.int64)
        for segment in found.segments:
            if segment.name not in self._numbers:
                raise BadInput(f"the segment {segment.name!r} is none of the names that are measured")
            if segment.id < len(table):
                table[segment.id] = self._numbers[segment.name]
        return torch.from_numpy(np.stack([table[found.labels], found.labels.astype(np.int64)], axis=-1))[None]
