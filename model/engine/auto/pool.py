"""The masks that a search has accepted so far: of what resembles each other, the best."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semsam_annotate.api import Proposal
from semsam_annotate.api.runs import Runs


@dataclass(frozen=True)
class Member:
    """A (h, w) bool mask of cells on the CPU, its quality, and once it is accepted its proposal and runs of pixels."""

    mask: Tensor
    quality: float
    proposal: Proposal
    runs: Runs


class Pool:
    """At most ``most`` masks of (h, w) cells, no two with an IoU above ``same``."""

    def __init__(self, same: float, most: int) -> None:
        self.same, self.most = same, most
        self.members: list[Member] = []
        self._flat = torch.zeros(0, 0)

    @property
    def masks(self) -> NDArray[np.bool_]:
        """(M, h, w)."""
        return np.stack([member.mask.numpy() for member in self.members]) if self.members else np.zeros((0, 1, 1), bool)

    def offer(self, mask: Tensor, quality: float) -> list[int] | None:
        """Rows that a new mask would replace; None when the pool has as good a one, or is full of better ones."""
        if not self.members:
            return []
        like = (self._iou(mask) > self.same).nonzero().flatten().tolist()
        if any(self.members[row].quality >= quality for row in like):
            return None
        if like or len(self.members) < self.most:
            return like
        worst = min(range(len(self.members)), key=lambda row: self.members[row].quality)
        return [worst] if self.members[worst].quality < quality else None

    def accept(self, member: Member, rows: list[int]) -> tuple[str, ...]:
        """Add a mask in the place of ``rows``; returns the ids of those."""
        gone = tuple(self.members[row].proposal.id for row in rows)
        left = [row for row in range(len(self.members)) if row not in rows]
        flat = member.mask.flatten().float()[None]
        self._flat = torch.cat([self._flat[left], flat]) if left else flat
        self.members = [*(self.members[row] for row in left), member]
        return gone

    def _iou(self, mask: Tensor) -> Tensor:
        """(M,) IoU with each member."""
        flat = mask.flatten().float()
        joint = self._flat @ flat
        return joint / (self._flat.sum(1) + flat.sum() - joint).clamp(min=1)
