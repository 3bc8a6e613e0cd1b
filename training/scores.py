"""True quality of predicted masks, the target of the quality heads."""

import torch
from torch import Tensor
from torch.nn import functional as F


def shrink(masks: Tensor, height: int, width: int) -> Tensor:
    """(M, height, width) share of each cell that (M, H, W) bool masks cover."""
    cell = (masks.shape[-2] // height, masks.shape[-1] // width)
    if (cell[0] * height, cell[1] * width) != tuple(masks.shape[-2:]):
        return F.interpolate(masks[:, None].float(), (height, width), mode="area")[:, 0]
    if cell in ((1, 1), (2, 2), (4, 4), (8, 8)):
        return _halved(masks, cell[0].bit_length() - 1).float().div_(cell[0] ** 2)
    return F.avg_pool2d(masks[:, None].float(), cell)[:, 0]


def _halved(masks: Tensor, times: int) -> Tensor:
    """(M, H, W) bool to counts of true pixels in squares, sides halved up to three times: sums of bytes."""
    counts = masks.view(torch.uint8)
    for _ in range(times):
        rows = counts[:, ::2] + counts[:, 1::2]
        counts = rows[:, :, ::2] + rows[:, :, 1::2]
    return counts


@torch.no_grad()
def mask_ious(logits: Tensor, truth: Tensor) -> Tensor:
    """(…) IoU of (…, h, w) logits, cut at 0, with (…, h, w) bool masks; leading axes broadcast."""
    cut = logits > 0
    joint = (cut & truth).flatten(-2).sum(-1)
    union = cut.flatten(-2).sum(-1) + truth.flatten(-2).sum(-1) - joint
    return joint.float() / union.clamp(min=1)
