"""Non-maximum suppression of masks."""

import torch
from torch import Tensor


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
