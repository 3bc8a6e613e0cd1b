"""From the decoder's answer to a ladder of proposals."""

import uuid
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from semsam_annotate.api import Box, Ladder, Mask, Proposal, Vocabulary
from semsam_annotate.model.engine.cleaning import clean
from semsam_annotate.model.engine.labels import name_masks
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.preprocessing import Frame, to_image
from semsam_annotate.model.engine.remembered import Remembered
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
        masks: list[Mask],
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
                box=tight_box(mask),
                mask=mask,
                part_probability=chance[index],
                object_labels=names[index][0],
                part_labels=names[index][1],
            )
            for index, mask in enumerate(masks)
        ]

    def mask(self, logits: Tensor) -> Mask:
        """(H, W) bool at image resolution from one query's logits; never empty."""
        full = to_image(logits[None].float(), self.frame)[0]
        mask: Mask = (full > 0).cpu().numpy()
        if not mask.any():
            mask = (full >= full.max()).cpu().numpy()
        return clean(mask) if self.cleaning else mask


def distinct(masks: list[Mask], scores: list[float]) -> list[int]:
    """Indices of masks that no better one resembles, best score first."""
    kept: list[int] = []
    for index in sorted(range(len(masks)), key=lambda row: -scores[row]):
        if all(_iou(masks[index], masks[other]) <= SAME for other in kept):
            kept.append(index)
    return kept


def _iou(first: Mask, second: Mask) -> float:
    joint = np.count_nonzero(first & second)
    union = np.count_nonzero(first) + np.count_nonzero(second) - joint
    return joint / union if union else 1.0


def tight_box(mask: Mask) -> Box:
    """Edges (x0, y0, x1, y1) of a mask, exclusive at the end; zeros for an empty one."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return 0.0, 0.0, 0.0, 0.0
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


@torch.no_grad()
def stability(logits: Tensor) -> list[float]:
    """Area above logit 1 over area above logit -1 of each (h, w) map (SAM's stability score)."""
    strict = (logits > 1).flatten(1).sum(1).float()
    loose = (logits > -1).flatten(1).sum(1).float()
    return [float(value) for value in (strict / loose.clamp(min=1))]
