"""Mean IoU of names over all pixels of a data set, counted by torchmetrics, with intervals over images."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics.classification import MulticlassJaccardIndex

from semsam_annotate.api import BadInput, Segmentation
from semsam_annotate.training.evaluation.resampling import Times

Average = Literal["macro", "none"]


class SemanticIou:
    """Mean IoU over the names that occur in the truth or were predicted on its pixels, 0..100.

    A pixel without a name in the truth counts for nothing; one without a name in the prediction is missed.
    """

    def __init__(self, names: Sequence[str]) -> None:
        if not names:
            raise BadInput("mean IoU needs at least one name to measure")
        self.names = tuple(dict.fromkeys(names))
        self._numbers = {name: number for number, name in enumerate(self.names)}
        self._images: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []

    def __len__(self) -> int:
        """Images counted."""
        return len(self._images)

    def add(self, predicted: Segmentation, truth: Segmentation) -> None:
        """Count one image; BadInput when the maps differ in size or hold a name that is not among ``names``."""
        if predicted.labels.shape != truth.labels.shape:
            raise BadInput(f"the maps have different sizes: {predicted.labels.shape} and {truth.labels.shape}")
        metric = self._metric("none")
        metric.update(self._named(predicted), self._named(truth))
        pairs = metric.confmat.numpy().ravel()
        filled = np.flatnonzero(pairs)
        self._images.append((filled, pairs[filled]))

    def figures(self, times: Times | None = None) -> dict[str, float]:
        """``miou``; NaN when no name occurs. times: (images,) how often each image counts, once each if left out."""
        metric = self._counted(times, "macro")
        return {"miou": 100 * float(metric.compute()) if metric.confmat.any() else math.nan}

    def by_name(self) -> dict[str, float]:
        """IoU of each name that occurs in the truth, 0..100, sorted by name."""
        metric = self._counted(None, "none")
        values, there = metric.compute(), metric.confmat.sum(dim=1) > 0
        found = {name: 100 * float(values[number]) for name, number in self._numbers.items() if there[number]}
        return dict(sorted(found.items()))

    def _counted(self, times: Times | None, average: Average) -> MulticlassJaccardIndex:
        """The metric with all images in it; the nameless pixel tells it that it was given some."""
        weights = np.ones(len(self), np.int64) if times is None else times
        side = len(self.names) + 1
        pairs = np.zeros(side * side, np.int64)
        for weight, (filled, counts) in zip(weights, self._images, strict=True):
            pairs[filled] += weight * counts
        metric, nameless = self._metric(average), torch.tensor([side - 1])
        metric.update(nameless, nameless)
        metric.merge_state({"confmat": torch.from_numpy(pairs.reshape(side, side))})
        return metric

    def _metric(self, average: Average) -> MulticlassJaccardIndex:
        """With one class more, "no name": as truth it is left out, as a prediction wrong. Of this process alone."""
        nameless = len(self.names)
        return MulticlassJaccardIndex(nameless + 1, average=average, ignore_index=nameless, sync_on_compute=False)

    def _named(self, found: Segmentation) -> Tensor:
        """(H·W,) int64: number of the name, len(names) for none."""
        table: NDArray[np.int64] = np.full(int(found.labels.max(initial=0)) + 1, len(self.names), np.int64)
        for segment in found.segments:
            if segment.name not in self._numbers:
                raise BadInput(f"the segment {segment.name!r} is none of the names that are measured")
            if segment.id < len(table):
                table[segment.id] = self._numbers[segment.name]
        return torch.from_numpy(table[found.labels].ravel())
