"""From the decoder's answer to a ladder of proposals."""

import uuid
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from semsam_annotate.api import Ladder, Proposal, Vocabulary
from semsam_annotate.model.engine.cleaning import clean_all
from semsam_annotate.model.engine.labels import name_masks
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.preprocessing import Frame
from semsam_annotate.model.engine.remembered import Remembered
from semsam_annotate.model.engine.rendering import MaskRegion, Renderer
from semsam_annotate.model.mask_decoder import Predictions

SAME = 0.95
"""Masks that overlap by more than this IoU are one rung."""


@dataclass(frozen=True)
class Reading:
    """How predictions become proposals; ``remembered``: what else names them than the text."""

    model: LoadedModel
    frame: Frame
    vocabulary: Vocabulary
    cleaning: bool
    remembered: Remembered | None = None

    def ladder(self, predictions: Predictions, prompt: int) -> Ladder:
        """The ladder of one prompt of a decoded batch."""
        logits, scores = predictions.masks[0, prompt], predictions.scores[0, prompt, :, -1].clamp(0, 1)
        masks = self.masks(logits)
        kept = distinct(masks, scores.tolist())
        proposals = self.proposals(
            [masks[row] for row in kept], logits[kept], scores[kept], kept, predictions, (prompt, kept)
        )
        return Ladder(proposals)

    def proposals(
        self,
        masks: list[MaskRegion],
        logits: Tensor,
        scores: Tensor,
        tokens: list[int],
        predictions: Predictions,
        rows: tuple[int | Tensor, list[int] | Tensor],
    ) -> list[Proposal]:
        """Proposals of rendered masks; ``rows`` picks their states out of (N, K)."""
        state = predictions.state[0][rows[0], rows[1]]
        votes = None if self.remembered is None else self.remembered.votes(predictions, rows, logits)
        names = name_masks(self.model, state, self.vocabulary, votes)
        chance = (
            [0.5] * len(masks)
            if predictions.part is None
            else (predictions.part[0][rows[0], rows[1]].sigmoid().tolist())
        )
        steady = stability(logits)
        return [
            Proposal(
                id=str(uuid.uuid4()),
                model=self.model.version,
                score=float(scores[index]),
                stability=steady[index],
                level=self.model.card.levels[tokens[index]],
                box=mask.box,
                area=mask.area,
                make_mask=mask.full,
                part_probability=chance[index],
                object_labels=names[index][0],
                part_labels=names[index][1],
            )
            for index, mask in enumerate(masks)
        ]

    def masks(self, logits: Tensor) -> list[MaskRegion]:
        """The masks at image resolution from (K, h, w) logits; none is empty."""
        regions = [self._renderer.region(row) for row in logits]
        if not self.cleaning:
            return regions
        crops = clean_all([region.crop for region in regions])
        return [replace(region, crop=crop) for region, crop in zip(regions, crops, strict=True)]

    @cached_property
    def _renderer(self) -> Renderer:
        return Renderer(self.frame)


def distinct(masks: list[MaskRegion], scores: list[float]) -> list[int]:
    """Indices of masks that no better one resembles, best score first."""
    kept: list[int] = []
    for index in sorted(range(len(masks)), key=lambda row: -scores[row]):
        if not any(_alike(masks[index], masks[other]) for other in kept):
            kept.append(index)
    return kept


def _alike(first: MaskRegion, second: MaskRegion) -> bool:
    """Whether two masks are one rung; areas alone mostly tell that they are not."""
    smaller, larger = sorted((first.area, second.area))
    return smaller > SAME * larger and first.iou(second) > SAME


@torch.no_grad()
def stability(logits: Tensor) -> list[float]:
    """Area above logit 1 over area above logit -1 of each (h, w) map (SAM's stability score)."""
    strict = (logits > 1).flatten(1).sum(1).float()
    loose = (logits > -1).flatten(1).sum(1).float()
    return [float(value) for value in (strict / loose.clamp(min=1))]
