"""Average precision of named masks, by pycocotools' COCOeval, with intervals over images.

What a file leaves open does not count against a detection, as in LVIS (Gupta et al., arXiv 1908.03195, section 4.1) and
PACO: names that were never looked for in an image, and more of a name than was drawn.
"""

import copy
import io
import math
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from semsam_annotate.training.evaluation.resampling import Times

KEYS = ("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large", "ar1", "ar10", "ar100")
"""Of COCOeval's twelve figures the first nine; small, medium and large by area as COCO bounds them."""

RESAMPLED = KEYS[:3]
"""Figures that get intervals: of all sizes together."""


@dataclass(frozen=True)
class NamedMask:
    """A mask, compressed COCO RLE, under a name; ``score`` of a detection, ``crowd`` of a region of many."""

    segment: dict[str, Any]
    name: str
    score: float = 1.0
    crowd: bool = False


class AveragePrecision:
    """AP over the names that occur in the truth, 0..100."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._truths: list[dict[str, Any]] = []
        self._found: list[dict[str, Any]] = []
        self._unfinished: set[tuple[int, int]] = set()
        self._images = 0
        self._evaluated: COCOeval | None = None

    def __len__(self) -> int:
        """Images counted."""
        return self._images

    def add(
        self,
        found: Sequence[NamedMask],
        truths: Sequence[NamedMask],
        absent: frozenset[str] | None = None,
        unfinished: frozenset[str] = frozenset(),
    ) -> None:
        """Count one image. ``absent``: names known not to be there, None when all names that are not drawn are;
        ``unfinished``: names of which only some are drawn."""
        self._images, self._evaluated = self._images + 1, None
        known = None if absent is None else absent | {one.name for one in truths}
        for one in truths:
            self._truths.append(self._row(one, len(self._truths) + 1))
        for one in found:
            if known is None or one.name in known:
                self._found.append(self._row(one, len(self._found) + 1))
        self._unfinished |= {(self._images, self._number(name)) for name in unfinished}

    def figures(self, times: Times | None = None) -> dict[str, float]:
        """The figures of ``KEYS``, or of ``RESAMPLED`` where ``times`` (images,) says how often each image counts.

        NaN where no truth counts.
        """
        if not self._truths:
            return dict.fromkeys(KEYS if times is None else RESAMPLED, math.nan)
        if self._evaluated is None:
            self._evaluated = self._evaluate()
        return _summary(self._evaluated) if times is None else _resample(self._evaluated, times)

    def _evaluate(self) -> COCOeval:
        with redirect_stdout(io.StringIO()):
            evaluation = COCOeval(self._coco(self._truths), self._coco(self._found), "segm")
            evaluation.params.imgIds = list(range(1, self._images + 1))
            evaluation.evaluate()
            for one in evaluation.evalImgs:
                if one is not None and (one["image_id"], one["category_id"]) in self._unfinished:
                    one["dtIgnore"] = np.logical_or(one["dtIgnore"], one["dtMatches"] == 0)
            evaluation.accumulate()
            evaluation.summarize()
        return evaluation

    def _coco(self, rows: list[dict[str, Any]]) -> COCO:
        coco = COCO()
        coco.dataset = {
            # It reads the sizes, and uses them for polygons only.
            "images": [{"id": number, "height": 0, "width": 0} for number in range(1, self._images + 1)],
            "categories": [{"id": number, "name": name} for name, number in self._names.items()],
            "annotations": copy.deepcopy(rows),
        }
        coco.createIndex()
        return coco

    def _row(self, one: NamedMask, number: int) -> dict[str, Any]:
        return {
            "id": number,
            "image_id": self._images,
            "category_id": self._number(one.name),
            "segmentation": one.segment,
            "area": float(coco_mask.area(one.segment)),
            "bbox": coco_mask.toBbox(one.segment).tolist(),
            "score": one.score,
            "iscrowd": int(one.crowd),
        }

    def _number(self, name: str) -> int:
        return self._names.setdefault(name, len(self._names) + 1)


def _summary(evaluation: COCOeval) -> dict[str, float]:
    """COCOeval writes −1 where nothing counts."""
    values = zip(KEYS, evaluation.stats[: len(KEYS)], strict=True)
    return {key: 100 * float(value) if value > -1 else math.nan for key, value in values}


def _resample(evaluation: COCOeval, times: Times) -> dict[str, float]:
    """AP of a draw with replacement: the matches of each image are kept, and ranked again as often as it was drawn."""
    areas, images = len(evaluation.params.areaRng), len(times)
    drawn = np.repeat(np.arange(images), times)
    again = COCOeval(iouType="segm")
    again.params = copy.copy(evaluation.params)
    again.params.imgIds = list(range(len(drawn)))
    again.params.areaRng, again.params.areaRngLbl = evaluation.params.areaRng[:1], ["all"]
    again.params.maxDets = [evaluation.params.maxDets[-1]]
    again._paramsEval = again.params
    starts = [category * areas * images for category in range(len(evaluation.params.catIds))]
    again.evalImgs = [evaluation.evalImgs[start + image] for start in starts for image in drawn]
    with redirect_stdout(io.StringIO()):
        again.accumulate()
    precision = again.eval["precision"][..., 0, 0]  # (thresholds, recalls, names)
    at = {"ap": precision, "ap50": precision[0:1], "ap75": precision[5:6]}
    return {key: 100 * float(part[part > -1].mean()) if (part > -1).any() else math.nan for key, part in at.items()}
