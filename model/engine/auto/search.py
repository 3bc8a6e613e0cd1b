"""The search through one encoded image: rounds of clicks, each denser where that pays, good masks kept once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semsam_annotate.api import AutoSettings, CancelToken, Found, Progress, Prompt, Tree
from semsam_annotate.api.runs import Runs
from semsam_annotate.automatic import Overlaps, arrange
from semsam_annotate.model.engine.auto.clicks import as_points, grid, rounds, wanted
from semsam_annotate.model.engine.auto.pool import Member, Pool
from semsam_annotate.model.engine.ladder import Reading
from semsam_annotate.model.engine.preprocessing import MASK_STRIDE, Frame
from semsam_annotate.model.engine.stability import stability
from semsam_annotate.model.mask_decoder import Predictions

Batches = Callable[[Sequence[Prompt]], Iterable[tuple[Reading, Predictions]]]
"""Decodes prompts in batches, in order, each with how its predictions are read."""


@dataclass(frozen=True)
class _Candidates:
    """Masks (M, h, w) of one batch, best first, with quality and the place (prompt, token) of each."""

    masks: Tensor
    quality: Tensor
    rows: Tensor
    tokens: Tensor


class WholeImage:
    """One search; ``stream`` runs it, then ``tree`` arranges what it found."""

    def __init__(
        self,
        frame: Frame,
        decode: Batches,
        settings: AutoSettings,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> None:
        self.frame, self.decode, self.settings = frame, decode, settings
        self._cancel = cancel or CancelToken()
        self._pool = Pool(settings.same, settings.most)
        self._progress = progress or (lambda done, total: None)

    def stream(self) -> Iterator[Found]:
        """Masks as they are accepted, batch by batch; an image always gives at least one."""
        done, before, fallback = 0, 0, None
        for side in rounds(self.settings.side):
            clicks = self._clicks(side, before)[: self.settings.most_clicks - done]
            prompts = [Prompt(points=[point]) for point in as_points(clicks)]
            for reading, predictions in self.decode(prompts) if prompts else ():
                done += predictions.masks.shape[1]
                yield from self._accepted(reading, predictions, self._good(reading, predictions))
                fallback = fallback or (reading, predictions)
                self._progress(done, max(done, self._most()))
            before = side
        if not self._pool.members and fallback is not None:
            yield from self._accepted(*fallback, self._best(*fallback))
        self._progress(done, done)

    def tree(self, capabilities: Sequence[str]) -> Tree:
        """What was found, arranged."""
        members = self._pool.members
        overlaps = Overlaps.of_runs([member.runs for member in members])
        return arrange([member.proposal for member in members], overlaps, self.settings, capabilities)

    def _most(self) -> int:
        """Clicks that the search may still come to."""
        height, width = self.frame.image
        return min(
            self.settings.most_clicks, sum(len(grid(height, width, side)) for side in rounds(self.settings.side))
        )

    def _clicks(self, side: int, before: int) -> NDArray[np.float64]:
        height, width = self.frame.image
        clicks = grid(height, width, side)
        return wanted(clicks, self.frame.image, self._pool.masks, before) if before else clicks

    def _good(self, reading: Reading, predictions: Predictions) -> _Candidates:
        logits, quality = predictions.masks[0], predictions.scores[0, ..., 0].clamp(0, 1)
        steady = torch.tensor(stability(logits.flatten(0, 1)), device=logits.device).view_as(quality)
        masks = self._inside(logits) > 0
        good = (quality >= self.settings.quality) & (steady >= self.settings.stability) & self._levels(reading, quality)
        good &= masks.flatten(2).sum(-1) >= self.settings.smallest
        rows, tokens = good.nonzero(as_tuple=True)
        order = quality[rows, tokens].argsort(descending=True, stable=True)
        rows, tokens = rows[order], tokens[order]
        return _Candidates(masks[rows, tokens].cpu(), quality[rows, tokens], rows, tokens)

    def _best(self, reading: Reading, predictions: Predictions) -> _Candidates:
        """The one best mask of the levels wanted, for an image where none is good."""
        logits, quality = predictions.masks[0], predictions.scores[0, ..., 0].clamp(0, 1)
        best = quality.masked_fill(~self._levels(reading, quality), -1).flatten().argmax()
        rows, tokens = (best // quality.shape[1])[None], (best % quality.shape[1])[None]
        return _Candidates((self._inside(logits) > 0)[rows, tokens].cpu(), quality[rows, tokens], rows, tokens)

    def _levels(self, reading: Reading, quality: Tensor) -> Tensor:
        """(N, K) whether a token's granularity is wanted; all, where the model has none of those wanted."""
        levels = reading.model.card.levels
        flags = [level in self.settings.levels for level in levels]
        flags = flags if any(flags) else [True] * len(levels)
        return torch.tensor(flags, device=quality.device).expand_as(quality)

    def _accepted(self, reading: Reading, predictions: Predictions, candidates: _Candidates) -> Iterator[Found]:
        for place, (mask, quality) in enumerate(zip(candidates.masks, candidates.quality.tolist(), strict=True)):
            rows = self._pool.offer(mask, quality)
            if rows is not None:
                self._cancel.check()  # masks of a large photo take longer than the network
                member = _member(reading, predictions, candidates, place)
                yield Found(member.proposal, self._pool.accept(member, rows))

    def _inside(self, logits: Tensor) -> Tensor:
        """The part of the mask grid that shows the image, not its padding."""
        rows, columns = self.frame.input
        return logits[..., : -(-rows // MASK_STRIDE), : -(-columns // MASK_STRIDE)]


def _member(reading: Reading, predictions: Predictions, candidates: _Candidates, place: int) -> Member:
    """One candidate at image resolution, kept as runs: two hundred arrays of a large photo are gigabytes."""
    rows, tokens = candidates.rows[place : place + 1], candidates.tokens[place : place + 1]
    logits, quality = predictions.masks[0][rows, tokens], candidates.quality[place : place + 1]
    (mask,) = reading.drawn(logits)
    (proposal,) = reading.proposals([mask], logits, quality, tokens.tolist(), predictions, (rows, tokens))
    runs = Runs.of(mask.full())
    return Member(candidates.masks[place], float(quality), proposal.placed(runs.to_rle(), proposal.box), runs)
