"""What every pixel knows of a prompt: where it lies relative to the clicks, the box and the previous mask.

The published decoder's masks are a product of query and pixel features alone. A small network that trains for hours,
not weeks, separates neighbours of one look far better when the query can also weigh the pixel's place around the click;
the weights of these channels come from the same mask head, so nothing else changes.
"""

import torch
from torch import Tensor

from semsam_annotate.model.mask_decoder.prompts import CORNER_START, NEGATIVE, POSITIVE, PREVIOUS, PromptBatch

ANCHOR_REACH = (0.03, 0.08, 0.2, 0.5)
CLICK_REACH = (0.03, 0.1)
CHANNELS = 1 + 5 + len(ANCHOR_REACH) + 2 * len(CLICK_REACH) + 2


def prompt_geometry(prompts: PromptBatch, height: int, width: int) -> Tensor:
    """(B, N, CHANNELS, height, width) at mask resolution; lengths are relative to the longer side.

    Channels: one; dx, dy, dx², dx·dy, dy² from the reference's centre; Gaussians around it; Gaussians around the
    nearest positive and the nearest negative click; inside the box; inside the previous mask.
    """
    scale = prompts.reference.new_tensor([width, height]) / max(width, height)
    grid = _grid(height, width, prompts.reference.device) * scale
    away = grid - (prompts.reference[..., None, None, :2] * scale)
    dx, dy = away.unbind(-1)
    near = [torch.exp(-(dx * dx + dy * dy) / (2 * reach * reach)) for reach in ANCHOR_REACH]
    clicks = [
        _around_clicks(prompts, grid, scale, kind, reach) for kind in (POSITIVE, NEGATIVE) for reach in CLICK_REACH
    ]
    channels = [
        torch.ones_like(dx),
        dx,
        dy,
        dx * dx,
        dx * dy,
        dy * dy,
        *near,
        *clicks,
        _inside_box(prompts, grid / scale),
    ]
    return torch.stack([*channels, _inside_previous(prompts, dx)], 2)


def _grid(height: int, width: int, device: torch.device) -> Tensor:
    """(height, width, 2) pixel centres (x, y) in 0..1."""
    y = (torch.arange(height, device=device) + 0.5) / height
    x = (torch.arange(width, device=device) + 0.5) / width
    return torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1)


def _around_clicks(prompts: PromptBatch, grid: Tensor, scale: Tensor, kind: int, reach: float) -> Tensor:
    """(B, N, h, w) Gaussian of the distance to the nearest click of a kind, 0 where there is none."""
    batch, count, tokens = prompts.token_kinds.shape
    field = grid.new_zeros(batch, count, *grid.shape[:2])
    for index in range(tokens):
        used = (prompts.token_kinds[:, :, index] == kind)[..., None, None]
        if used.any():
            place = prompts.token_places[:, :, index, None, None] * scale
            bump = torch.exp(-(grid - place).square().sum(-1) / (2 * reach * reach))
            field = torch.where(used, torch.maximum(field, bump), field)
    return field


def _inside_box(prompts: PromptBatch, grid: Tensor) -> Tensor:
    """(B, N, h, w): 1 inside a box prompt, -1 outside it, 0 for prompts without a box."""
    boxed = (prompts.token_kinds == CORNER_START).any(-1)[..., None, None]
    centre, size = prompts.reference[..., None, None, :2], prompts.reference[..., None, None, 2:]
    inside = ((grid - centre).abs() <= size / 2).all(-1)
    return torch.where(boxed, inside.to(grid.dtype) * 2 - 1, torch.zeros_like(inside, dtype=grid.dtype))


def _inside_previous(prompts: PromptBatch, like: Tensor) -> Tensor:
    """(B, N, h, w): from 1 inside the previous mask to -1 outside it, 0 for prompts without one."""
    if prompts.previous is None:
        return torch.zeros_like(like)
    given = (prompts.token_kinds == PREVIOUS).any(-1)[..., None, None]
    return torch.where(given, prompts.previous * 2 - 1, torch.zeros_like(like))
