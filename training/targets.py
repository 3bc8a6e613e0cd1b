"""What the network should have answered: the masks under each click, as tensors."""

from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

NO_LABEL = -1


@dataclass(frozen=True)
class Targets:
    """Ground truth of a batch of B images with N prompts each; the M masks of all images stand in one row.

    ``masks`` (M, H, W) bool at the padded input's size. ``boxes`` (M, 4) cxcywh in 0..1 of the padded input.
    ``candidates`` (B, N, T) long: the masks that a prompt may mean, as rows of ``masks``, -1 filling. ``clicked``
    (B, N) long: the mask that was meant, -1 unknown. ``objects``, ``parts`` (M,) long: index of the object name and of
    the bare part name, -1 where not known. ``kinds`` (M,) long: 0 object, 1 part, -1 not known. ``image`` (M,) long:
    whose image each mask is of. ``complete`` (B,) bool: everything that has one of the names is among the masks.
    ``boxed`` (M,) bool: only the box is known, the mask is its pixels and teaches nothing. ``exhaustive`` (B, V) and
    ``exhaustive_parts`` (B, P) bool: object and bare part names of which every instance of the image is among the
    masks. ``searched`` (B,) bool: the generic branch learns from the image; None: from all.
    """

    masks: Tensor
    boxes: Tensor
    candidates: Tensor
    clicked: Tensor
    objects: Tensor
    parts: Tensor
    kinds: Tensor
    image: Tensor
    complete: Tensor
    boxed: Tensor
    exhaustive: Tensor
    exhaustive_parts: Tensor
    searched: Tensor | None = None

    @classmethod
    def class_agnostic(cls, masks: Tensor, candidates: Tensor, clicked: Tensor | None = None) -> "Targets":
        """Targets without names, as SA-1B gives them."""
        unknown = torch.full((masks.shape[0],), NO_LABEL, dtype=torch.long, device=masks.device)
        meant = torch.full(candidates.shape[:2], -1, dtype=torch.long, device=masks.device)
        boxes = boxes_of(masks)
        known = (meant if clicked is None else clicked, unknown, unknown, unknown)
        first = torch.zeros_like(unknown)
        complete = torch.zeros_like(candidates[:, 0, 0], dtype=torch.bool)
        drawn = torch.zeros_like(unknown, dtype=torch.bool)
        nothing = complete.new_zeros((len(complete), 0))
        return cls(masks, boxes, candidates, *known, first, complete, drawn, nothing, nothing)

    def to(self, device: torch.device) -> "Targets":
        """Move every tensor to a device."""
        moved: dict[str, Any] = {item.name: getattr(self, item.name) for item in fields(self)}
        for name, value in moved.items():
            moved[name] = None if value is None else value.to(device)
        return Targets(**moved)


def boxes_of(masks: Tensor) -> Tensor:
    """(M, 4) tight boxes (cx, cy, w, h) in 0..1 of (M, H, W) bool masks, edges exclusive; zeros for an empty mask."""
    height, width = masks.shape[-2:]
    x0, x1 = _span(masks.any(-2))
    y0, y1 = _span(masks.any(-1))
    return torch.stack([(x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height], -1)


def _span(hit: Tensor) -> tuple[Tensor, Tensor]:
    """First and one-past-last set position along the last axis, 0 and 0 where none is set."""
    length = hit.shape[-1]
    first = hit.float().argmax(-1)
    last = length - hit.flip(-1).float().argmax(-1)
    some = hit.any(-1)
    return (first * some).float(), (last * some).float()
