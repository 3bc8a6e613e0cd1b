"""Generic segmentation: from the generic queries to instances, a semantic or a panoptic map.

The rules are those published with Mask DINO and OpenSeeD: sigmoid scores, the best pairs of query and class for
instances, scores sharpened by a softmax for maps.
"""

import uuid
from dataclasses import dataclass

import torch
from torch import Tensor

from semsam_annotate.api import BadInput, Proposal, Segmentation, Task, Vocabulary, segments_of
from semsam_annotate.model.engine.cache import EncodedImage
from semsam_annotate.model.engine.rendering import MaskRegion, Renderer
from semsam_annotate.model.engine.snapping import MOST
from semsam_annotate.model.engine.stability import stability
from semsam_annotate.model.engine.suppression import suppress
from semsam_annotate.model.mask_decoder import Predictions


@dataclass(frozen=True)
class SegmentSettings:
    """Thresholds of the inference rules, the published ones where there are any."""

    most: int = 100
    """Instances, pairs of a query and a name."""
    least: float = 0.05
    """Instances of a lower score are left out."""
    sure: float = 0.25
    """Queries of a lower score take no part in a panoptic map."""
    sharpness: float = 0.06
    """Temperature of the softmax over sigmoid scores."""
    whole: float = 0.8
    """A panoptic segment of which others take more than the rest of this share is dropped."""
    same: float = 0.7
    """Of two masks with a larger IoU only the surer one counts: of one name among instances, of any in a panoptic map.
    The published rules trust the queries never to find a thing twice, and lose it whole when they do."""
    some: float = 0.1
    """A pixel whose best class has less evidence belongs to no class in a semantic map."""


@dataclass(frozen=True)
class Segmenter:
    """One image's generic queries, read for a vocabulary."""

    image: EncodedImage
    vocabulary: Vocabulary
    settings: SegmentSettings = SegmentSettings()

    def run(self, task: Task) -> list[Proposal] | Segmentation:
        """Answer a task; BadInput when the model or the vocabulary lacks what it takes."""
        self._check(task)
        found = self.image.model.network.mask_decoder.generic(self.image.memory)[-1]
        if task in ("instance", "parts"):
            return self._instances(found, part=task == "parts")
        return self._panoptic(found) if task == "panoptic" else self._semantic(found)

    def _whole(self, grids: Tensor, most: float = MOST) -> Tensor:
        """(K, H, W) values at image resolution from (K, h, w) grids; cut and towards edges where there are regions."""
        snapper = self.image.snapper
        return Renderer(self.image.frame.taps).whole(grids) if snapper is None else snapper.whole(grids, most)

    def _check(self, task: Task) -> None:
        model = self.image.model
        if not model.has_generic_branch:
            raise BadInput(
                f"the model {model.name} {model.version} has no trained generic branch, so it cannot segment "
                "without a prompt; use auto, or train one ([generic] in the training configuration)"
            )
        names = self.vocabulary.parts if task == "parts" else self.vocabulary.objects
        if not names:
            raise BadInput(f"the task {task} needs {'part' if task == 'parts' else 'object'} names in the vocabulary")

    def _scores(self, found: Predictions, part: bool) -> Tensor:
        """(Q, V) chance that a query is of a name: sigmoid score times the chance of being an object, or a part."""
        network, names = self.image.model.network, self.vocabulary.parts if part else self.vocabulary.objects
        text, queries = self.image.model.text(names), network.mask_decoder.generic_queries
        state = found.state[0, :, 0]
        if text is None or queries is None:
            return state.new_zeros(len(state), 0)
        scores = queries.log_odds(state, network.class_heads(state, text, part), part).sigmoid()
        if found.part is None:
            return scores
        chance = found.part[0, :, 0].sigmoid()[:, None]
        return scores * (chance if part else 1 - chance)

    def _instances(self, found: Predictions, part: bool) -> list[Proposal]:
        scores = self._alone(found, self._scores(found, part))
        masks = self._whole(found.masks[0, :, 0])
        inside = (masks > 0).flatten(1)
        sure = (masks.sigmoid().flatten(1) * inside).sum(1) / inside.sum(1).clamp(min=1)
        ranked = (scores * sure[:, None]).flatten()
        best = ranked.argsort(descending=True, stable=True)[: self.settings.most].tolist()
        pairs = [divmod(index, scores.shape[1]) for index in best]
        kept = [(q, c) for q, c in pairs if ranked[q * scores.shape[1] + c] >= self.settings.least and inside[q].any()]
        other = self._scores(found, not part)
        return [self._proposal(found, masks, q, c, ranked[q * scores.shape[1] + c], part, other) for q, c in kept]

    def _alone(self, found: Predictions, scores: Tensor) -> Tensor:
        """Scores (Q, V) without those of masks that a surer one of the same name resembles."""
        cut = found.masks[0, :, 0] > 0
        alone = torch.zeros_like(scores)
        for column in range(scores.shape[1]):
            kept = suppress(cut, scores[:, column], self.settings.same)
            alone[kept, column] = scores[kept, column]
        return alone

    def _proposal(
        self, found: Predictions, masks: Tensor, query: int, column: int, score: Tensor, part: bool, other: Tensor
    ) -> Proposal:
        names, others = self.vocabulary.objects, self.vocabulary.parts
        names, others = (others, names) if part else (names, others)
        mask = (masks[query] > 0).cpu().numpy()
        chance = 0.5 if found.part is None else float(found.part[0, query, 0].sigmoid())
        mine = [(names[column], float(score))]
        rest = _shares(others, other[query])
        return Proposal(
            id=str(uuid.uuid4()),
            model=self.image.model.version,
            score=float(found.scores[0, query, 0, 0].clamp(0, 1)),
            stability=stability(found.masks[0, query])[0],
            level=1,
            box=MaskRegion.of(mask).box,
            mask=mask,
            part_probability=chance,
            object_labels=rest if part else mine,
            part_labels=mine if part else [],
        )

    def _semantic(self, found: Predictions) -> Segmentation:
        scores = self._scores(found, part=False)
        sharp = (scores / self.settings.sharpness).softmax(-1) * scores.amax(-1, keepdim=True)
        sums = torch.einsum("qc,qhw->chw", sharp, found.masks[0, :, 0].float().sigmoid())
        evidence = self._whole(sums, most=torch.inf)  # sums of many queries: no logits that one could cut
        value, column = evidence.max(0)
        labels = torch.where(value >= self.settings.some, column + 1, torch.zeros_like(column)).int().cpu().numpy()
        names = self.vocabulary.objects
        shown = [(index + 1, names[index]) for index in range(len(names)) if (labels == index + 1).any()]
        sure = [float(value[column == number - 1].mean().clamp(0, 1)) for number, _ in shown]
        return Segmentation(
            labels, segments_of(labels, [(*one, score) for one, score in zip(shown, sure, strict=True)])
        )

    def _panoptic(self, found: Predictions) -> Segmentation:
        scores, column = self._scores(found, part=False).max(-1)
        chosen = (scores > self.settings.sure).nonzero()[:, 0]
        chosen = chosen[suppress(found.masks[0, chosen, 0] > 0, scores[chosen], self.settings.same)]
        labels = torch.zeros(self.image.frame.image, dtype=torch.int32)
        if not len(chosen):
            return Segmentation(labels.numpy(), ())
        shares = self._whole(found.masks[0, chosen, 0]).sigmoid()
        owner = (scores[chosen, None, None] * shares).argmax(0)
        segments: list[tuple[int, str, float]] = []
        for row, query in enumerate(chosen.tolist()):
            whole = shares[row] >= 0.5
            kept = whole & (owner == row)
            if kept.any() and kept.sum() >= self.settings.whole * whole.sum():
                labels[kept.cpu()] = len(segments) + 1
                name = self.vocabulary.objects[int(column[query])]
                segments.append((len(segments) + 1, name, float(scores[query])))
        return Segmentation(labels.numpy(), segments_of(labels.numpy(), segments))


def _shares(names: tuple[str, ...], scores: Tensor) -> list[tuple[str, float]]:
    """Names with their scores as shares that sum to at most one, best first."""
    shares = scores / scores.sum().clamp(min=1)
    return sorted(zip(names, shares.tolist(), strict=True), key=lambda pair: -pair[1])
