"""Everything in an image: a grid of clicks, the good masks kept once, arranged as objects with their parts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from semsam_annotate.api import Prompt, Proposal, Tree, TreeNode
from semsam_annotate.model.engine.ladder import Reading, stability
from semsam_annotate.model.engine.preprocessing import MASK_STRIDE
from semsam_annotate.model.mask_decoder import Predictions

Decode = Callable[[Sequence[Prompt]], Predictions]


@dataclass(frozen=True)
class WholeImageSettings:
    """Thresholds of the search; ``side`` clicks along the longer side of the image."""

    side: int = 16
    at_once: int = 64
    quality: float = 0.6
    stability: float = 0.6
    same: float = 0.7
    inside: float = 0.85
    smallest: int = 4
    """Cells of the mask grid (4 x 4 input pixels each)."""
    most: int = 200


@dataclass(frozen=True)
class _Found:
    """Masks (M, h, w) bool at stride 4 with logits, quality, click row and token of each."""

    logits: Tensor
    quality: Tensor
    rows: Tensor
    tokens: Tensor


@dataclass(frozen=True)
class WholeImage:
    """One search through an image."""

    reading: Reading
    decode: Decode
    settings: WholeImageSettings = WholeImageSettings()

    def tree(self) -> Tree:
        """Run the search; an image always gives at least one node."""
        prompts = self._grid()
        proposals: list[Proposal] = []
        small: list[Tensor] = []
        found = []
        for start in range(0, len(prompts), self.settings.at_once):
            predictions = self.decode(prompts[start : start + self.settings.at_once])
            found.append((predictions, self._good(predictions)))
        if not any(len(item.rows) for _, item in found):
            found = [(found[0][0], self._best(found[0][0]))]
        kept = self._suppress([item for _, item in found])
        for (predictions, item), keep in zip(found, kept, strict=True):
            logits = item.logits[keep]
            masks = [self.reading.mask(row) for row in logits]
            small += list(self._inside(logits) > 0)
            proposals += self.reading.proposals(
                masks,
                logits,
                item.quality[keep],
                item.tokens[keep].tolist(),
                predictions,
                (item.rows[keep], item.tokens[keep]),
            )
        return arrange(proposals, small, self.settings.inside)

    def _grid(self) -> list[Prompt]:
        height, width = self.reading.frame.image
        step = max(height, width) / self.settings.side
        rows, columns = max(1, round(height / step)), max(1, round(width / step))
        return [
            Prompt(points=[((c + 0.5) * width / columns - 0.5, (r + 0.5) * height / rows - 0.5)])
            for r in range(rows)
            for c in range(columns)
        ]

    def _good(self, predictions: Predictions) -> _Found:
        logits, quality = predictions.masks[0], predictions.scores[0, ..., 0].clamp(0, 1)
        steady = torch.tensor(stability(logits.flatten(0, 1)), device=logits.device).view_as(quality)
        areas = (self._inside(logits) > 0).flatten(2).sum(-1)
        good = (quality >= self.settings.quality) & (steady >= self.settings.stability)
        good &= areas >= self.settings.smallest
        rows, tokens = good.nonzero(as_tuple=True)
        return _Found(logits[rows, tokens], quality[rows, tokens], rows, tokens)

    @staticmethod
    def _best(predictions: Predictions) -> _Found:
        """The one best mask, for an image where none is good."""
        logits, quality = predictions.masks[0], predictions.scores[0, ..., 0].clamp(0, 1)
        best = quality.flatten().argmax()
        rows, tokens = (best // quality.shape[1])[None], (best % quality.shape[1])[None]
        return _Found(logits[rows, tokens], quality[rows, tokens], rows, tokens)

    def _suppress(self, found: list[_Found]) -> list[Tensor]:
        """Indices to keep of each chunk: best quality first, nothing that resembles a kept mask."""
        logits = torch.cat([item.logits for item in found])
        quality = torch.cat([item.quality for item in found])
        kept = suppress(self._inside(logits) > 0, quality, self.settings.same)[: self.settings.most]
        chunks, start = [], 0
        for item in found:
            inside = kept[(kept >= start) & (kept < start + len(item.rows))] - start
            chunks.append(inside)
            start += len(item.rows)
        return chunks

    def _inside(self, logits: Tensor) -> Tensor:
        """The part of the mask grid that shows the image, not its padding."""
        rows, columns = self.reading.frame.input
        return logits[..., : -(-rows // MASK_STRIDE), : -(-columns // MASK_STRIDE)]


def suppress(masks: Tensor, quality: Tensor, same: float) -> Tensor:
    """Indices of (M, h, w) bool masks, best quality first, that no better one overlaps by more than ``same`` IoU."""
    order = quality.argsort(dim=0, descending=True, stable=True)
    flat = masks.flatten(1)[order].float()
    joint = flat @ flat.T
    areas = flat.sum(1)
    resembles = joint / (areas[:, None] + areas[None] - joint).clamp(min=1) > same
    alive = torch.ones(len(order), dtype=torch.bool, device=masks.device)
    for index in range(len(order)):
        if alive[index]:
            alive[index + 1 :] &= ~resembles[index, index + 1 :]
    return order[alive]


def arrange(proposals: list[Proposal], small: list[Tensor], inside: float) -> Tree:
    """Each mask below the smallest larger one that holds at least ``inside`` of it."""
    order = sorted(range(len(proposals)), key=lambda index: -proposals[index].area)
    flat = torch.stack([mask.flatten() for mask in small]).float()
    joint, areas = flat @ flat.T, flat.sum(1).clamp(min=1)
    nodes: dict[int, TreeNode] = {}
    for place, index in enumerate(order):
        holders = [other for other in order[:place] if joint[index, other] / areas[index] >= inside]
        nodes[index] = TreeNode(proposals[index], nodes[holders[-1]] if holders else None)
    return Tree([node for node in nodes.values() if node.parent is None])
