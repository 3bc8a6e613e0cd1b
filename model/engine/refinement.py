"""Ladders of prompts that say more than one click or one box.

Two methods, both followed by the same treatment:

* "network": the network is asked with all clicks, strokes and the box as its tokens, and with the mask where it was
  trained to take one.
* "rule", for networks that were trained on single clicks (the published weights): the box alone is asked, or else the
  first positive click alone.

Then every rung, without any training:

1. loses ``CONTRADICTION`` times the share of clicks on its wrong side from its score, so that the best rung is the
   granularity that the clicks speak for;
2. where a mask came with the prompt that the network did not see: its score becomes the mean of itself and its IoU with
   that mask, and the rung most like it becomes the mean of both as logits, which keeps what was right and lets the
   image correct it;
3. is cut and joined at the clicks that it still contradicts (``pinning``).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from torch import Tensor

from semsam_annotate.api import CancelToken, Ladder, Prompt, decode_rle
from semsam_annotate.model.engine.catalogue import overlaps
from semsam_annotate.model.engine.clicks import clicks_of, pins_of
from semsam_annotate.model.engine.interruption import unless_cancelled
from semsam_annotate.model.engine.ladder import Reading
from semsam_annotate.model.engine.pinning import contradictions, pinned
from semsam_annotate.model.engine.rendering import MaskRegion
from semsam_annotate.model.engine.rough import covered, grid_shares, rough_logits
from semsam_annotate.model.engine.rungs import Pool
from semsam_annotate.model.innermost import innermost
from semsam_annotate.model.mask_decoder import ImageMemory, Predictions

Decode = Callable[[Sequence[Prompt]], Predictions]
Method: TypeAlias = Literal["network", "rule"]
CONTRADICTION = 0.25


@dataclass(frozen=True)
class Candidates:
    """What a ladder is chosen from: K candidates and their masks."""

    pool: Pool
    masks: list[MaskRegion]


@dataclass(frozen=True)
class Refinement:
    """One image, a way to ask its network, and the method."""

    reading: Reading
    memory: ImageMemory
    decode: Decode
    method: Method
    cancel: CancelToken | None = None

    def ladders(self, prompts: Sequence[Prompt]) -> list[Ladder]:
        """A ladder a prompt; one call of the network."""
        for prompt in prompts:
            prompt.check_inside(*self.reading.frame.image)
        return [self.reading.ladder(row, prompt) for row, prompt in self._answers(prompts)]

    def candidates(self, prompts: Sequence[Prompt]) -> list[Candidates]:
        """What the ladders of prompts with a click are chosen from."""
        pools = [self.reading.pool(row, prompt) for row, prompt in self._answers(prompts)]
        return [Candidates(one, self.reading.candidate_masks(one, range(len(one.logits)))) for one in pools]

    def _answers(self, prompts: Sequence[Prompt]) -> Iterator[tuple[Predictions, Prompt]]:
        """Each prompt with its predictions, a batch of one."""
        every = self.decode([self._asked(prompt) for prompt in prompts] if self.method == "rule" else prompts)
        for number, prompt in enumerate(unless_cancelled(prompts, self.cancel)):
            row = row_of(every, number)
            yield (row if is_single(prompt) else self._held(row, prompt)), prompt

    def _asked(self, prompt: Prompt) -> Prompt:
        """What a network of single clicks is asked: the box, the anchor, or the innermost pixel of the mask."""
        if prompt.box is not None:
            return Prompt(box=prompt.box)
        clicks = clicks_of(prompt, self.reading.frame.image)
        if clicks and clicks[0].label:
            return Prompt([clicks[0][:2]])
        return Prompt([innermost(decode_rle(prompt.mask or {}))])

    def _held(self, row: Predictions, prompt: Prompt) -> Predictions:
        """One prompt's predictions (1, 1, K, …), scored and changed by what the prompt says."""
        frame, features = self.reading.frame, self.memory.mask_features[0]
        pins = pins_of(prompt, frame.image)
        masks, scores = row.masks[0, 0], row.scores[0, 0].clone()
        scores[:, -1] -= CONTRADICTION * contradictions(masks, pins, frame)
        if prompt.mask is not None and not self._sees_masks:
            shares = grid_shares(decode_rle(prompt.mask), frame).to(masks.device)
            masks, scores[:, -1] = _towards(masks, scores[:, -1], shares)
        return replace(row, masks=pinned(masks, features, pins, frame)[None, None], scores=scores[None, None])

    @property
    def _sees_masks(self) -> bool:
        return self.method == "network" and self.reading.model.takes_masks


def is_single(prompt: Prompt) -> bool:
    """Whether a prompt is one positive click or one box: what every network is trained on."""
    return len(prompt.points) + (prompt.box is not None) == 1 and not prompt.scribble and prompt.mask is None


def row_of(every: Predictions, number: int) -> Predictions:
    """The predictions of one prompt."""
    one = slice(number, number + 1)
    part = None if every.part is None else every.part[:, one]
    return Predictions(every.masks[:, one], every.boxes[:, one], every.scores[:, one], part, every.state[:, one])


def _towards(masks: Tensor, scores: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
    """(K, h, w) logits and (K,) scores drawn towards a rough mask (h, w) of shares."""
    likeness = overlaps(masks > 0, covered(shares)[None])
    nearest = likeness.argmax()
    drawn = masks.clone()
    drawn[nearest] = (masks[nearest] + rough_logits(shares)) / 2
    return drawn, (scores + likeness) / 2
