"""The published predictor: the masks of one click, ranked by predicted IoU, filtered, then cleaned."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from semsam_annotate.api import Mask
from semsam_annotate.model.published.encoded import DEFAULT_CLICK, EncodedInput, as_prompts
from semsam_annotate.model.published.regions import clean_both


@dataclass(frozen=True)
class RankingSettings:
    """``threshold``: least predicted IoU, compared after rounding to two digits. ``same``: IoU above which the later
    mask goes. ``holes``, ``islands``: smaller ones, in pixels of the input, are filled and dropped."""

    threshold: float = 0.5
    same: float = 0.95
    holes: int = 100
    islands: int = 100


@dataclass(frozen=True)
class Ranking:
    """Kept masks, best predicted IoU first.

    ``masks`` cleaned (H, W) bool; ``tokens`` the query token of each; ``scores`` rounded to two digits; ``areas`` in
    pixels before cleaning.
    """

    masks: tuple[Mask, ...]
    tokens: tuple[int, ...]
    scores: tuple[float, ...]
    areas: tuple[int, ...]

    @property
    def by_area(self) -> tuple[int, ...]:
        """Places in this ranking, smallest area first."""
        return tuple(int(place) for place in np.argsort(self.areas, kind="stable"))


def predict(
    image: EncodedInput, point: tuple[float, float] | None = None, settings: RankingSettings | None = None
) -> Ranking:
    """The ranking of one click (x, y) in 0..1 of the input, or of the published default click."""
    prompt = torch.tensor([DEFAULT_CLICK]) if point is None else as_prompts([point])
    answer = image.decode(prompt)[-1]
    return rank(image.at_input(answer.masks[0, 0]), answer.scores[0, 0, :, 0], settings or RankingSettings())


def rank(logits: Tensor, ious: Tensor, settings: RankingSettings) -> Ranking:
    """Rank (K, H, W) logits with their predicted IoU (K,).

    A mask goes when its score is below the threshold or when it resembles a kept one, both judged before cleaning; the
    last of all stays when none before it did.
    """
    order = ious.argsort(descending=True, stable=True).tolist()
    kept: list[tuple[Mask, int, float]] = []
    for token in order:
        mask: Mask = (logits[token] > 0).cpu().numpy()
        score = round(float(ious[token]), 2)
        good = score >= settings.threshold and not any(_alike(mask, other, settings.same) for other, _, _ in kept)
        if good or (token == order[-1] and not kept):
            kept.append((mask, token, score))
    return Ranking(
        tuple(clean_both(mask, settings.holes, settings.islands)[0] for mask, _, _ in kept),
        tuple(token for _, token, _ in kept),
        tuple(score for _, _, score in kept),
        tuple(int(mask.sum()) for mask, _, _ in kept),
    )


def _alike(first: Mask, second: Mask, same: float) -> bool:
    """Whether the IoU is above ``same``; two empty masks are not alike."""
    union = int(np.count_nonzero(first | second))
    return union > 0 and int(np.count_nonzero(first & second)) / union > same
