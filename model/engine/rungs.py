"""The rungs of a ladder: masks of the network and regions of the image, ranked together, the best six of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from semsam_annotate.api import Prompt
from semsam_annotate.model.engine.clicks import Click, pins_of
from semsam_annotate.model.engine.pinning import contradictions
from semsam_annotate.model.engine.preprocessing import MASK_STRIDE, Frame
from semsam_annotate.model.engine.rendering import MaskRegion
from semsam_annotate.model.engine.rough import rough_logits
from semsam_annotate.model.engine.stability import stability
from semsam_annotate.model.ranking import Ranker, Regions, Rungs, rung_features

MOST = 6
MEANT = 0.25
"""Share of the IoU with what was meant in what a candidate is worth; the rest is that with any mask under the click."""
COPY = 0.9
"""Share of its worth that a copy of a rung loses."""


@dataclass(frozen=True)
class Pool:
    """K candidates for one prompt: T of the network, then S regions.

    ``logits`` (K, h, w) on the padded mask grid; ``regions`` the numbers that each of the S joins; ``features`` (K, C)
    for the ranker; ``ious`` (K, K); ``pins`` where the answer is known.
    """

    logits: Tensor
    regions: list[tuple[int, ...]]
    features: NDArray[np.float32]
    ious: NDArray[np.float32]
    pins: Sequence[Click] = ()

    @property
    def tokens(self) -> int:
        """How many candidates are the network's."""
        return len(self.logits) - len(self.regions)

    def scores(self, ranker: Ranker) -> tuple[Tensor, Tensor]:
        """(K,) predicted IoU with the mask that was meant, and (K,) with whichever mask under the click fits best."""
        meant, fit = ranker(torch.from_numpy(self.features).to(ranker.mean.device)).cpu().unbind(-1)
        return meant, fit

    def best(self, meant: Tensor, fit: Tensor) -> list[int]:
        """Indices of at most six candidates: the one most likely meant, then one after the other what adds most.

        A candidate adds what it is worth, less the more it is like one that is in (maximal marginal relevance,
        Carbonell and Goldstein 1998).
        """
        worth = (MEANT * meant + (1 - MEANT) * fit).numpy()
        chosen = [int(meant.argmax())]
        while len(chosen) < min(MOST, len(worth)):
            added = worth * (1 - COPY * self.ious[:, chosen].max(1))
            added[chosen] = -1
            chosen.append(int(added.argmax()))
        return chosen

    def token_like(self, index: int) -> int:
        """The token whose mask is most like a candidate: itself, for one of the network's."""
        return index if index < self.tokens else int(self.ious[index, : self.tokens].argmax())

    def token_as_large(self, index: int) -> int:
        """The token whose mask is nearest to a candidate in area: its level is the candidate's."""
        if index < self.tokens:
            return index
        areas = (self.logits > 0).flatten(1).sum(1).clamp(min=1).log()
        return int((areas[: self.tokens] - areas[index]).abs().argmin())


def pool(logits: Tensor, quality: Tensor, part: Tensor | None, regions: Regions, prompt: Prompt, frame: Frame) -> Pool:
    """The candidates of a prompt with a positive click, from the network's (T, h, w) logits, (T, 2) scores, (T,) part.

    Regions that the grid misses are still candidates; they are as unlikely as they look.
    """
    pins = pins_of(prompt, frame.image)
    places = [(*_place(pin, frame), pin.label) for pin in pins]
    under = regions.under(places)
    joined = torch.cat([logits.float(), rough_logits(_padded(regions.sketch(under, MASK_STRIDE), frame)).to(logits)])
    blank = joined.new_zeros(len(under))
    rungs = Rungs(
        masks=(joined > 0)[:, : -(-frame.input[0] // MASK_STRIDE), : -(-frame.input[1] // MASK_STRIDE)].cpu().numpy(),
        tokens=len(logits),
        quality=torch.cat([quality, blank[:, None].expand(-1, 2)]).float().cpu().numpy(),
        stability=np.array(stability(joined), np.float32),
        part=torch.cat([blank.new_zeros(len(logits)) if part is None else part, blank]).float().cpu().numpy(),
        wrong=contradictions(joined, pins, frame).cpu().numpy(),
        click=(places[0][0] * frame.input[1] / MASK_STRIDE, places[0][1] * frame.input[0] / MASK_STRIDE),
        clicks=len(pins),
    )
    return Pool(joined, under, *rung_features(rungs), pins)


def contradicts(region: MaskRegion, pins: Sequence[Click]) -> bool:
    """Whether a mask is wrong at a place where the answer is known."""
    return any(region.at(round(pin.x), round(pin.y)) != bool(pin.label) for pin in pins)


def can_rank(prompt: Prompt, clicks: Sequence[Click]) -> bool:
    """Whether the ranker, which was fitted on clicks, knows this kind of prompt."""
    return prompt.box is None and prompt.mask is None and bool(clicks) and bool(clicks[0].label)


def _place(pin: Click, frame: Frame) -> tuple[float, float]:
    """Where a click is in 0..1 of the network's input without padding."""
    height, width = frame.image
    return (pin.x + 0.5) / width, (pin.y + 0.5) / height


def _padded(sketch: NDArray[np.bool_], frame: Frame) -> Tensor:
    """(S, h, w) 0 or 1 in every cell of the padded mask grid."""
    high, wide = (side // MASK_STRIDE for side in frame.padded)
    rows, columns = sketch.shape[1:]
    return F.pad(torch.from_numpy(sketch).float(), (0, wide - columns, 0, high - rows))
