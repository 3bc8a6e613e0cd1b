"""Attention inside windows with a learned bias for each relative position (Swin, section 3.2)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semsam_annotate.model.layers.dense import Dense

APART = -100.0
"""Added to the score of two tokens that only the cyclic shift brought together; what the published weights know."""


@dataclass(frozen=True)
class WindowPlan:
    """How the tokens of a (height, width) map are cut into windows, and back: one gather each way.

    ``gather`` (windows * T,) place in the map of every token of every window, any place for padding. ``padding``: which
    of them are padding. ``back`` (height * width,): the way back. Windows come in groups of one kind of mask: ``ends``
    of the groups, ``masks`` (groups, 1, T, T): ``APART`` between tokens that the shift brought together, else 0.
    """

    gather: Tensor
    padding: Tensor
    back: Tensor
    ends: tuple[int, ...]
    masks: Tensor | None

    @classmethod
    def of(cls, height: int, width: int, window: int, shift: int, device: torch.device) -> "WindowPlan":
        """The plan of a map: padded below and right to whole windows, rolled up and left by ``shift``, cut."""
        rows, columns = -(-height // window), -(-width // window)
        y = ((torch.arange(rows * window) + shift) % (rows * window)).view(rows, 1, window, 1)
        x = ((torch.arange(columns * window) + shift) % (columns * window)).view(1, columns, 1, window)
        place = torch.where((y < height) & (x < width), y * width + x, -1).flatten(2).flatten(0, 1)
        order, ends = _by_kind(rows, columns, shift)
        place = place[order].flatten()
        back = torch.empty(height * width, dtype=torch.long)
        back[place[place >= 0]] = (place >= 0).nonzero().flatten()
        padding = (place < 0).nonzero().flatten()
        masks = _masks(window, shift).to(device) if shift else None
        return cls(place.clamp(min=0).to(device), padding.to(device), back.to(device), ends, masks)

    def split(self, x: Tensor) -> Tensor:
        """(B, height * width, C) to (B, windows * T, C), zeros for padding."""
        return x.index_select(1, self.gather).index_fill(1, self.padding, 0)

    def merge(self, x: Tensor) -> Tensor:
        """Back from ``split``."""
        return x.index_select(1, self.back)


def _by_kind(rows: int, columns: int, shift: int) -> tuple[Tensor, tuple[int, ...]]:
    """Order of the windows and the ends of its groups: inner ones, then last column, last row, the corner."""
    if not shift:
        return torch.arange(rows * columns), (rows * columns,)
    row, column = torch.arange(rows)[:, None], torch.arange(columns)[None]
    kind = (2 * (row == rows - 1) + (column == columns - 1)).flatten()
    ends = torch.bincount(kind, minlength=4).cumsum(0)
    return kind.argsort(stable=True), tuple(ends.tolist())


def _masks(window: int, shift: int) -> Tensor:
    """(4, 1, T, T) for the four kinds of shifted windows."""
    wrapped = torch.arange(window) >= window - shift
    never = torch.zeros_like(wrapped)
    masks = []
    for below, right in ((never, never), (never, wrapped), (wrapped, never), (wrapped, wrapped)):
        region = (2 * below[:, None] + right[None].int()).flatten()
        masks.append((region[:, None] != region[None]).float() * APART)
    return torch.stack(masks)[:, None]


class WindowAttention(nn.Module):
    """Multi-head attention of the tokens of one window."""

    relative_position_index: Tensor

    def __init__(self, dim: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads, self.scale, self.length = heads, (dim // heads) ** -0.5, window * window
        self.qkv, self.proj = Dense(dim, 3 * dim), Dense(dim, dim)
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)
        self.register_buffer("relative_position_index", relative_index(window), persistent=False)

    def forward(self, x: Tensor, plan: WindowPlan) -> Tensor:
        """(B, windows * T, C) to the same, the windows in the order of the plan."""
        batch = x.shape[0]
        qkv = self.qkv(x).view(batch, -1, self.length, 3, self.heads, x.shape[-1] // self.heads)
        bias = self._bias(plan)
        parts, start = [], 0
        for kind, end in enumerate(plan.ends):
            if end > start:
                parts.append(self._attend(qkv[:, start:end], bias[kind : kind + 1]))
            start = end
        mixed = parts[0] if len(parts) == 1 else torch.cat(parts, 1)
        out: Tensor = self.proj(mixed)
        return out

    def _attend(self, qkv: Tensor, bias: Tensor) -> Tensor:
        """(B, windows, T, 3, heads, d) of one kind of window to (B, windows * T, C)."""
        query, key, value = qkv.flatten(0, 1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=self.scale)
        return mixed.transpose(1, 2).reshape(qkv.shape[0], -1, qkv.shape[-2] * qkv.shape[-1])

    def _bias(self, plan: WindowPlan) -> Tensor:
        """(kinds, heads, T, T) added to the scores."""
        bias = self.relative_position_bias_table[self.relative_position_index.flatten()]
        bias = bias.view(self.length, self.length, -1).permute(2, 0, 1)[None]
        return bias if plan.masks is None else bias + plan.masks.to(bias.dtype)


def relative_index(window: int) -> Tensor:
    """(window², window²) row of the bias table for each pair of tokens."""
    ticks = torch.arange(window)
    places = torch.stack(torch.meshgrid(ticks, ticks, indexing="ij")).flatten(1)
    apart = (places[:, :, None] - places[:, None, :]) + (window - 1)
    return apart[0] * (2 * window - 1) + apart[1]
