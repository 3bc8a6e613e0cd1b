"""Multi-scale deformable attention in plain torch (Deformable DETR, section 4.1).

The sum over levels, points and the four corners of a bilinear sample is one weighted ``embedding_bag``: a row of the
value table per corner, its weight the attention weight times the bilinear share. Nothing is compiled, and it is about
twice as fast on a CPU as sampling level by level with ``grid_sample``.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Shapes = Sequence[tuple[int, int]]
"""(height, width) of each level, in the order in which the levels are concatenated."""


class DeformableAttention(nn.Module):
    """Each query reads ``points`` learned places around its reference on every level, with learned weights."""

    def __init__(self, dim: int, heads: int, levels: int, points: int) -> None:
        super().__init__()
        self.heads, self.levels, self.points = heads, levels, points
        self.sampling_offsets = nn.Linear(dim, heads * levels * points * 2)
        self.attention_weights = nn.Linear(dim, heads * levels * points)
        self.value_proj = nn.Linear(dim, dim)
        self.output_proj = nn.Linear(dim, dim)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Offsets start as rays in one direction a head, one step longer each point; weights start even."""
        nn.init.zeros_(self.sampling_offsets.weight)
        angles = torch.arange(self.heads) * (2 * math.pi / self.heads)
        rays = torch.stack([angles.cos(), angles.sin()], -1)
        rays = rays / rays.abs().amax(-1, keepdim=True)
        steps = torch.arange(1, self.points + 1)
        grid = rays[:, None, None, :] * steps[None, None, :, None]
        with torch.no_grad():
            self.sampling_offsets.bias.copy_(grid.expand(-1, self.levels, -1, -1).reshape(-1))
        for layer in (self.value_proj, self.output_proj):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        nn.init.zeros_(self.attention_weights.weight)
        nn.init.zeros_(self.attention_weights.bias)

    def project_values(self, memory: Tensor) -> Tensor:
        """(B, S, dim) to (B, S, heads, dim / heads): depends on the image alone, so it can be kept for every click."""
        batch, length, dim = memory.shape
        values: Tensor = self.value_proj(memory)
        return values.view(batch, length, self.heads, dim // self.heads)

    def forward(self, query: Tensor, reference: Tensor, values: Tensor, shapes: Shapes) -> Tensor:
        """Read ``values`` (from ``project_values``) around ``reference``.

        ``query`` (B, Q, dim). ``reference`` (B, Q, 2) points or (B, Q, 4) boxes (cx, cy, w, h), 0..1 of the padded
        input. Returns (B, Q, dim).
        """
        batch, count, _ = query.shape
        layout = (batch, count, self.heads, self.levels, self.points)
        offsets = at_least_single(self.sampling_offsets(query)).view(*layout, 2)
        weights = at_least_single(self.attention_weights(query)).view(*layout[:3], -1).softmax(-1).view(layout)
        sizes = offsets.new_tensor([(width, height) for height, width in shapes])
        centre = reference[:, :, None, None, None, :2]
        if reference.shape[-1] == 2:
            places = centre * sizes[:, None] + offsets
        else:
            places = (centre + offsets / self.points * reference[:, :, None, None, None, 2:] * 0.5) * sizes[:, None]
        out: Tensor = self.output_proj(sample_and_sum(values, shapes, places - 0.5, weights))
        return out


def sample_and_sum(values: Tensor, shapes: Shapes, places: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum of bilinear samples, zero outside.

    ``values`` (B, S, heads, d); ``places`` (B, Q, heads, levels, points, 2) as x, y in pixels of each level, pixel
    centres at whole numbers; ``weights`` (B, Q, heads, levels, points). Returns (B, Q, heads * d).
    """
    batch, length, heads, width = values.shape
    count = places.shape[1]
    rows, shares = _corners(shapes, places)
    first = torch.arange(batch, device=values.device).view(-1, 1, 1, 1, 1, 1) * length
    head = torch.arange(heads, device=values.device).view(1, 1, -1, 1, 1, 1)
    index = (first + rows) * heads + head
    table = at_least_single(values).reshape(-1, width)
    summed = F.embedding_bag(
        index.reshape(batch * count * heads, -1),
        table,
        mode="sum",
        per_sample_weights=(shares * weights[..., None]).reshape(batch * count * heads, -1),
    )
    return summed.view(batch, count, heads * width).to(values.dtype)


def at_least_single(values: Tensor) -> Tensor:
    """Half precision as single: where to read needs the digits."""
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values


def _corners(shapes: Shapes, places: Tensor) -> tuple[Tensor, Tensor]:
    """Row of each of the four corners in the concatenated levels, and its bilinear share (0 outside the level)."""
    levels = [(height, width) for height, width in shapes]
    starts = [sum(h * w for h, w in levels[:index]) for index in range(len(levels))]
    view = (len(levels), 1, 1)
    wide = torch.tensor([w for _, w in levels], device=places.device).view(view)
    high = torch.tensor([h for h, _ in levels], device=places.device).view(view)
    low = places.detach().floor()
    share = places - low
    cell = low.long()
    x = cell[..., 0:1] + torch.tensor([0, 1, 0, 1], device=places.device)
    y = cell[..., 1:2] + torch.tensor([0, 0, 1, 1], device=places.device)
    right, down = share[..., 0:1], share[..., 1:2]
    across = torch.cat([1 - right, right, 1 - right, right], -1)
    along = torch.cat([1 - down, 1 - down, down, down], -1)
    inside = (x >= 0) & (x < wide) & (y >= 0) & (y < high)
    rows = torch.tensor(starts, device=places.device).view(view) + y.clamp(min=0).minimum(high - 1) * wide
    return rows + x.clamp(min=0).minimum(wide - 1), across * along * inside
