"""Multi-scale deformable attention in plain torch (Deformable DETR, section 4.1).

The sum over levels, points and the four corners of a bilinear sample is one weighted ``embedding_bag``: a row of the
value table per corner, its weight the attention weight times the bilinear share. The table has a border of zeros, so
that what lies outside needs no test. Nothing is compiled, and on a CPU it takes a ninth of the time of sampling level
by level with ``grid_sample``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semsam_annotate.model.layers.dense import Dense
from semsam_annotate.model.layers.kept import Kept

Shapes = Sequence[tuple[int, int]]
"""(height, width) of each level, in the order in which the levels are concatenated."""


class DeformableAttention(nn.Module):
    """Each query reads ``points`` learned places around its reference on every level, with learned weights."""

    def __init__(self, dim: int, heads: int, levels: int, points: int) -> None:
        super().__init__()
        self.heads, self.levels, self.points = heads, levels, points
        self.sampling_offsets = Dense(dim, heads * levels * points * 2)
        self.attention_weights = Dense(dim, heads * levels * points)
        self.value_proj = Dense(dim, dim)
        self.output_proj = Dense(dim, dim)
        self._plans: Kept[TablePlan] = Kept()
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

    def project_values(self, memory: Tensor, shapes: Shapes) -> Tensor:
        """(B, S, dim) to the table (B, cells, heads, dim / heads); of the image alone, so kept for every click."""
        values: Tensor = self.value_proj(memory)
        return pad_levels(values.unflatten(-1, (self.heads, -1)), shapes)

    def forward(self, query: Tensor, reference: Tensor, table: Tensor, shapes: Shapes) -> Tensor:
        """Read ``table`` (from ``project_values``) around ``reference``.

        ``query`` (B, Q, dim). ``reference`` (B, Q, 2) points or (B, Q, 4) boxes (cx, cy, w, h), 0..1 of the padded
        input. Returns (B, Q, dim).
        """
        batch, count, _ = query.shape
        layout = (batch, count, self.heads, self.levels, self.points)
        offsets = at_least_single(self.sampling_offsets(query)).view(*layout, 2)
        weights = at_least_single(self.attention_weights(query)).view(*layout[:3], -1).softmax(-1).view(layout)
        plan = self._plans.get(
            (tuple(shapes), offsets.device, offsets.dtype),
            lambda: TablePlan.of(shapes, self.heads, offsets.device, offsets.dtype),
        )
        centre = reference[:, :, None, None, None, :2]
        if reference.shape[-1] == 2:
            places = centre * plan.sizes - 0.5 + offsets
        else:
            reach = reference[:, :, None, None, None, 2:] * (0.5 / self.points)
            places = (centre + offsets * reach) * plan.sizes - 0.5
        out: Tensor = self.output_proj(sample_and_sum(table, plan, places, weights))
        return out


@dataclass(frozen=True)
class TablePlan:
    """Where the levels lie in a padded table: each row of cells ends with a zero, a row of zeros before and after.

    Broadcast over (B, Q, heads, levels, points): ``sizes`` (levels, 1, 2) width and height, ``strides`` and ``starts``
    (levels, 1) in cells, ``heads`` (heads, 1, 1), ``corners`` (levels, 1, 4) steps to the four corners in rows.
    ``last``: the last cell that may be the first of four corners.
    """

    sizes: Tensor
    strides: Tensor
    starts: Tensor
    heads: Tensor
    corners: Tensor
    last: int

    @classmethod
    def of(cls, shapes: Shapes, heads: int, device: torch.device, dtype: torch.dtype) -> "TablePlan":
        """The plan of levels."""
        strides, starts = [width + 1 for _, width in shapes], _starts(shapes)
        steps = [[0, heads, stride * heads, (stride + 1) * heads] for stride in strides]
        return cls(
            torch.tensor([(width, height) for height, width in shapes], dtype=dtype, device=device)[:, None],
            torch.tensor(strides, dtype=dtype, device=device)[:, None],
            torch.tensor(starts[:-1], dtype=dtype, device=device)[:, None],
            torch.arange(heads, dtype=torch.int32, device=device)[:, None, None],
            torch.tensor(steps, dtype=torch.int32, device=device)[:, None],
            starts[-1] - max(strides) - 2,
        )


def _starts(shapes: Shapes) -> list[int]:
    """Cell of the first pixel of each level; the last entry is one past the last cell that may be read."""
    starts = [0]
    for height, width in shapes:
        starts[-1] += width + 2  # the row of zeros above, and the zero left of the first pixel
        starts.append(starts[-1] + (height + 1) * (width + 1))
    starts[-1] += max(width for _, width in shapes) + 3
    return starts


def pad_levels(values: Tensor, shapes: Shapes) -> Tensor:
    """(B, S, heads, d) of concatenated levels to a table (B, cells, heads, d) with zeros around each level."""
    starts = _starts(shapes)
    table = values.new_zeros(values.shape[0], starts[-1], *values.shape[2:])
    parts = values.split([height * width for height, width in shapes], 1)
    for (height, width), start, part in zip(shapes, starts, parts, strict=False):
        rows = table[:, start : start + height * (width + 1)].unflatten(1, (height, width + 1))
        rows[:, :, :width].copy_(part.unflatten(1, (height, width)))
    return table


def level_maps(table: Tensor, shapes: Shapes) -> list[Tensor]:
    """(B, heads * d, h, w) of each level from its padded table (B, cells, heads, d)."""
    maps = []
    for (height, width), start in zip(shapes, _starts(shapes), strict=False):
        rows = table[:, start : start + height * (width + 1)].unflatten(1, (height, width + 1))[:, :, :width]
        maps.append(rows.flatten(3).permute(0, 3, 1, 2))
    return maps


def sample_and_sum(table: Tensor, plan: TablePlan, places: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum of bilinear samples, zero outside.

    ``table`` (B, cells, heads, d) from ``pad_levels``; ``places`` (B, Q, heads, levels, points, 2) as x, y in pixels of
    each level, pixel centres at whole numbers; ``weights`` (B, Q, heads, levels, points). Returns (B, Q, heads * d).
    """
    batch, cells, heads, width = table.shape
    # Between the zeros left of the first and right of the last pixel nothing changes; beyond, all is zero as there.
    places = places.clamp(min=-1).minimum(plan.sizes)
    low = places.detach().floor()
    share = places - low
    cell = torch.addcmul(low[..., 0] + plan.starts, low[..., 1], plan.strides).to(torch.int32)
    first = torch.arange(batch, dtype=torch.int32, device=table.device).view(-1, 1, 1, 1, 1) * (cells * heads)
    # The clamp matters for numbers that are none: a place that is NaN must not leave the table.
    row = cell.clamp_(0, plan.last).mul_(heads).add_(plan.heads + first)
    right, down = share.unbind(-1)
    lower = weights * down
    upper = weights - lower
    upper_right, lower_right = upper * right, lower * right
    shares = torch.stack([upper - upper_right, upper_right, lower - lower_right, lower_right], -1)
    index = (row[..., None] + plan.corners).view(-1, shares[0, 0, 0].numel())
    out = _weighted_rows(table.view(-1, width), index, shares.view(index.shape))
    return out.view(batch, -1, heads * width)


def _weighted_rows(rows: Tensor, index: Tensor, weights: Tensor) -> Tensor:
    """(bags, d) sums of ``weights`` (bags, k) times the rows (n, d) that ``index`` (bags, k) names.

    Rows kept in half precision are widened: only those that are read, while they are fewer than all.
    """
    if rows.dtype in (torch.float16, torch.bfloat16):
        if index.numel() <= len(rows):
            read = rows.index_select(0, index.flatten()).to(weights.dtype).view(*index.shape, -1)
            return (weights[:, None] @ read).squeeze(1)
        rows = rows.to(weights.dtype)
    return F.embedding_bag(index, rows, mode="sum", per_sample_weights=weights)


def at_least_single(values: Tensor) -> Tensor:
    """Half precision as single: where to read needs the digits."""
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values
