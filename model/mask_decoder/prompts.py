"""Prompts as tensors: what the mask decoder is asked."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

NEGATIVE, POSITIVE, CORNER_START, CORNER_END, PREVIOUS = range(5)
"""Kinds of prompt tokens: clicks by sign, the two corners of a box, the centre of the mask of the round before."""
TOKEN_KINDS = 5
UNUSED = -1


def mask_centres(shares: Tensor) -> Tensor:
    """(…, 2) centres of mass (x, y), 0..1, of (…, h, w) probabilities: where the token of a previous mask stands."""
    height, width = shares.shape[-2:]
    total = shares.sum((-2, -1)).clamp(min=1e-6)
    x = (torch.arange(width, device=shares.device) + 0.5) / width
    y = (torch.arange(height, device=shares.device) + 0.5) / height
    return torch.stack([(shares.sum(-2) * x).sum(-1) / total, (shares.sum(-1) * y).sum(-1) / total], -1)


@dataclass(frozen=True)
class PromptBatch:
    """N prompts on each of B images; coordinates are 0..1 of the padded input, x right, y down.

    ``reference`` (B, N, 4) boxes (cx, cy, w, h) that the queries start from: the click with its point size, or the box.
    ``flag`` (B, N) long, 0 for a point, 1 for a box. ``token_places`` (B, N, P, 2) and ``token_kinds`` (B, N, P) long:
    every click, box corner and previous mask, kind -1 where a prompt has fewer. ``previous`` (B, N, h, w): mask
    probabilities of the round before at stride 4, read where a prompt has a token of kind PREVIOUS; or None.
    """

    reference: Tensor
    flag: Tensor
    token_places: Tensor
    token_kinds: Tensor
    previous: Tensor | None = None

    @classmethod
    def of_boxes(cls, reference: Tensor, flag: int = 0) -> "PromptBatch":
        """Prompts that are nothing but a reference box: how the published models are asked."""
        batch, count = reference.shape[:2]
        return cls(
            reference,
            torch.full((batch, count), flag, dtype=torch.long, device=reference.device),
            reference.new_zeros(batch, count, 0, 2),
            torch.zeros(batch, count, 0, dtype=torch.long, device=reference.device),
        )

    @property
    def count(self) -> int:
        """N, prompts per image."""
        return self.reference.shape[1]

    def to(self, *args: Any) -> "PromptBatch":
        """Move every tensor to a device."""
        previous = None if self.previous is None else self.previous.to(*args)
        places, kinds = self.token_places.to(*args), self.token_kinds.to(*args)
        return PromptBatch(self.reference.to(*args), self.flag.to(*args), places, kinds, previous)
