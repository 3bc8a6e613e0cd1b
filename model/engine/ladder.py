"""From the decoder's answer to a ladder of proposals."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from semsam_annotate.api import Ladder, Prompt, Proposal, Vocabulary
from semsam_annotate.model.engine.cleaning import clean_all
from semsam_annotate.model.engine.clicks import Click, clicks_of, pins_of
from semsam_annotate.model.engine.labels import name_masks
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.preprocessing import Frame
from semsam_annotate.model.engine.remembered import Remembered
from semsam_annotate.model.engine.rendering import MaskRegion, Renderer
from semsam_annotate.model.engine.rungs import Pool, can_rank, contradicts, pool
from semsam_annotate.model.engine.snapping import Snapper
from semsam_annotate.model.engine.stability import stability
from semsam_annotate.model.mask_decoder import Predictions
from semsam_annotate.model.ranking import Regions

SAME = 0.95
"""Masks that overlap by more than this IoU are one rung."""


@dataclass(frozen=True)
class Reading:
    """How predictions become proposals; ``remembered``: what else names them than the text; ``regions``: more rungs."""

    model: LoadedModel
    frame: Frame
    vocabulary: Vocabulary
    cleaning: bool
    remembered: Remembered | None = None
    regions: Regions | None = None
    snapper: Snapper | None = None

    def ladder(self, predictions: Predictions, prompt: Prompt) -> Ladder:
        """The ladder of one prompt from its predictions, (1, 1, K, …)."""
        if self.model.network.ranker is not None and can_rank(prompt, clicks_of(prompt, self.frame.image)):
            return self._ranked(predictions, self.pool(predictions, prompt))
        logits, scores = predictions.masks[0, 0], predictions.scores[0, 0, :, -1].clamp(0, 1)
        masks = self.drawn(logits, pins_of(prompt, self.frame.image))
        kept = distinct(masks, scores.tolist())
        proposals = self.proposals(
            [masks[index] for index in kept], logits[kept], scores[kept], kept, predictions, (0, kept)
        )
        return Ladder(proposals)

    def pool(self, predictions: Predictions, prompt: Prompt) -> Pool:
        """What the ladder of a prompt is chosen from."""
        assert self.regions is not None
        part = None if predictions.part is None else predictions.part[0, 0]
        return pool(predictions.masks[0, 0], predictions.scores[0, 0], part, self.regions, prompt, self.frame)

    def _ranked(self, predictions: Predictions, candidates: Pool) -> Ladder:
        """The best candidates by the ranker; a region has the labels of the token most like it."""
        assert self.model.network.ranker is not None
        scores, fit = candidates.scores(self.model.network.ranker)
        chosen = candidates.best(scores, fit)
        masks = self.candidate_masks(candidates, chosen)
        kept = distinct(masks, [float(scores[index]) for index in chosen])
        masks, chosen = [masks[place] for place in kept], [chosen[place] for place in kept]
        levels = [candidates.token_as_large(index) for index in chosen]
        states = [candidates.token_like(index) for index in chosen]
        logits = candidates.logits[chosen]
        return Ladder(self.proposals(masks, logits, scores[chosen], levels, predictions, (0, states)))

    def candidate_masks(self, candidates: Pool, chosen: Sequence[int]) -> list[MaskRegion]:
        """Masks at image resolution: of the network drawn towards edges, of regions from the network's input."""
        ours = [index for index in chosen if index < candidates.tokens]
        held = candidates.pins if len(candidates.pins) > 1 else ()  # of a lone click the network's outlines may miss it
        drawn = dict(zip(ours, self._rendered(candidates.logits[ours], held), strict=True))
        return self._cleaned([drawn[index] if index in drawn else self._region(candidates, index) for index in chosen])

    def _region(self, candidates: Pool, index: int) -> MaskRegion:
        """A region brought from the size of the network's input to the image."""
        assert self.regions is not None
        scale = index - candidates.tokens
        mask = self.regions.mask(scale, candidates.regions[scale])
        return Renderer(self.frame.fine_taps).region(torch.from_numpy(mask).float() - 0.5)

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
                alike=({}, {}) if votes is None else votes[index].alike,
            )
            for index, mask in enumerate(masks)
        ]

    def drawn(self, logits: Tensor, pins: Sequence[Click] = ()) -> list[MaskRegion]:
        """Masks at image resolution from (K, h, w) logits, towards edges where the model has regions; none is empty.

        ``pins``: where the answer is known; a mask that edges would draw away from them keeps the network's outline.
        """
        return self._cleaned(self._rendered(logits, pins))

    def _rendered(self, logits: Tensor, pins: Sequence[Click]) -> list[MaskRegion]:
        if self.snapper is None:
            return [self._renderer.region(row) for row in logits]
        snapped = zip(logits, self.snapper.regions(logits), strict=True)
        return [self._renderer.region(row) if contradicts(region, pins) else region for row, region in snapped]

    def _cleaned(self, regions: list[MaskRegion]) -> list[MaskRegion]:
        if not self.cleaning:
            return regions
        crops = clean_all([region.crop for region in regions])
        return [replace(region, crop=crop) for region, crop in zip(regions, crops, strict=True)]

    @cached_property
    def _renderer(self) -> Renderer:
        return Renderer(self.frame.taps)


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
