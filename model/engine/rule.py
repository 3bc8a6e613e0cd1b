"""Several hints for a network that was trained on single clicks: ladders of every hint, joined and cut; no training.

1. Every click, of either sign, and the box are asked alone, which gives each a ladder.
2. For each query token, the base is the rung of that token with the best predicted score among the ladders of the
   positive clicks and the box, less what it contradicts: ``CONTRADICTION`` times the share of clicks that lie on its
   wrong side.
3. Join: where a positive click is outside, the best rung of its own ladder is added, one that holds no negative click
   if there is any, else the smallest. Cut: where a negative click is inside, the best rung of its ladder is taken away,
   chosen in the same way against the positive clicks.

The union of two maps of logits is their maximum, the difference the minimum with the negative. What clicks then still
contradict is for ``pinning``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from semsam_annotate.api import Box, Prompt
from semsam_annotate.model.engine.clicks import Click
from semsam_annotate.model.mask_decoder import Predictions

Decode = Callable[[Sequence[Prompt]], Predictions]
CONTRADICTION = 0.5
AT_ONCE = 64


@dataclass(frozen=True)
class Hints:
    """Clicks and a box of one prompt, with the flat ``cells`` (N,) of the mask grid that the clicks fall in."""

    clicks: Sequence[Click]
    cells: Tensor
    box: Box | None

    @property
    def labels(self) -> Tensor:
        """(N,) bool: which clicks belong."""
        return torch.tensor([bool(click.label) for click in self.clicks], device=self.cells.device)

    def prompts(self) -> list[Prompt]:
        """Each click alone, then the box."""
        alone = [Prompt([click[:2]]) for click in self.clicks]
        return alone if self.box is None else [*alone, Prompt(box=self.box)]


def combine(decode: Decode, hints: Hints) -> Predictions:
    """One prompt's predictions (1, 1, K, …) from the ladders of its hints."""
    asked = hints.prompts()
    every = joined([decode(asked[start : start + AT_ONCE]) for start in range(0, len(asked), AT_ONCE)])
    base = _base(every, hints)
    ladders = every.masks[0].flatten(2)
    masks = base.masks[0, 0].flatten(1)
    for row, click in enumerate(hints.clicks):
        inside = masks[:, hints.cells[row]] > 0
        if click.label:
            piece = _region(every, row, hints, hints.cells[~hints.labels])
            masks = torch.where(inside[:, None], masks, torch.maximum(masks, ladders[row, piece]))
        else:
            piece = _region(every, row, hints, hints.cells[hints.labels])
            masks = torch.where(inside[:, None], torch.minimum(masks, -ladders[row, piece]), masks)
    return replace(base, masks=masks.view_as(base.masks))


def contradictions(masks: Tensor, cells: Tensor, labels: Tensor) -> Tensor:
    """(…) share of clicks on the wrong side of each map of (…, h, w) logits; 0 without clicks."""
    if not len(cells):
        return masks.new_zeros(masks.shape[:-2])
    return ((masks.flatten(-2)[..., cells] > 0) != labels).float().mean(-1)


def joined(chunks: Sequence[Predictions]) -> Predictions:
    """Predictions of several calls as one along the prompts."""
    parts = [chunk.part for chunk in chunks if chunk.part is not None]
    return Predictions(
        torch.cat([chunk.masks for chunk in chunks], 1),
        torch.cat([chunk.boxes for chunk in chunks], 1),
        torch.cat([chunk.scores for chunk in chunks], 1),
        torch.cat(parts, 1) if parts else None,
        torch.cat([chunk.state for chunk in chunks], 1),
    )


def _base(every: Predictions, hints: Hints) -> Predictions:
    """For each token, the rung of the hint that has the best score, contradictions counted against it."""
    wrong = contradictions(every.masks[0], hints.cells, hints.labels)
    worth = every.scores[0, ..., -1] - CONTRADICTION * wrong
    negative = [row for row, click in enumerate(hints.clicks) if not click.label]
    worth[negative] = -torch.inf
    rows, tokens = worth.argmax(0), torch.arange(worth.shape[1], device=worth.device)

    def pick(values: Tensor) -> Tensor:
        return values[0, rows, tokens][None, None]

    part = None if every.part is None else pick(every.part)
    return Predictions(pick(every.masks), pick(every.boxes), pick(every.scores), part, pick(every.state))


def _region(every: Predictions, row: int, hints: Hints, forbidden: Tensor) -> int:
    """The token of a click's own ladder that is joined or cut: none of the ``forbidden`` cells, then the best score."""
    ladder = every.masks[0, row].flatten(1)
    held = (ladder[:, forbidden] > 0).sum(1)
    missed = ladder[:, hints.cells[row]] <= 0
    area = (ladder > 0).float().mean(1)
    clean = held == 0
    worth = torch.where(clean, every.scores[0, row, :, -1], -1 - area) - 4 * missed.float()
    return int(worth.argmax())
