"""From the decoder's answer to a ladder of proposals."""

import uuid
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from semsam_annotate.api import Ladder, Proposal, Vocabulary
from semsam_annotate.model.engine.cleaning import clean
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
        masks = [self.mask(row) for row in logits]
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

    def mask(self, logits: Tensor) -> MaskRegion:
        """The mask at image resolution from one query's (h, w) logits; never empty."""
        region = self._renderer.region(logits)
        return replace(region, crop=clean(region.crop)) if self.cleaning else region

    @cached_property
    def _renderer(self) -> Renderer:
        return Renderer(self.frame)


def distinct(masks: list[MaskRegion], scores: list[float]) -> list[int]:
    """Indices of masks that no better one resembles, best score first."""
    kept: list[int] = []
    for index in sorted(range(len(masks)), key=lambda row: -scores[row]):
        if all(masks[index].iou(masks[other]) <= SAME for other in kept):
            kept.append(index)
    return kept


@torch.no_grad()
def stability(logits: Tensor) -> list[float]:
    """Area above logit 1 over area above logit -1 of each (h, w) map (SAM's stability score)."""
    strict = (logits > 1).flatten(1).sum(1).float()
    loose = (logits > -1).flatten(1).sum(1).float()
    return [float(value) for value in (strict / loose.clamp(min=1))]
