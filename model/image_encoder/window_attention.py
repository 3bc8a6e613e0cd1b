"""Attention inside windows with a learned bias for each relative position (Swin, section 3.2)."""

import torch
from torch import Tensor, nn


def split_windows(x: Tensor, window: int) -> Tensor:
    """(B, H, W, C) to (B * windows, window², C); H and W are multiples of the window."""
    batch, height, width, dim = x.shape
    x = x.view(batch, height // window, window, width // window, window, dim)
    return x.transpose(2, 3).reshape(-1, window * window, dim)


def merge_windows(x: Tensor, window: int, height: int, width: int) -> Tensor:
    """Back from ``split_windows`` to (B, height, width, C)."""
    x = x.view(-1, height // window, width // window, window, window, x.shape[-1])
    return x.transpose(2, 3).reshape(x.shape[0], height, width, -1)


class WindowAttention(nn.Module):
    """Multi-head attention of the tokens of one window."""

    relative_position_index: Tensor

    def __init__(self, dim: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads, self.scale = heads, (dim // heads) ** -0.5
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)
        self.register_buffer("relative_position_index", relative_index(window), persistent=False)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B * windows, T, dim) to the same; ``mask`` (windows, T, T) is added to the scores."""
        count, length, dim = x.shape
        query, key, value = self.qkv(x).view(count, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = (query * self.scale) @ key.transpose(-2, -1)
        bias = self.relative_position_bias_table[self.relative_position_index.flatten()]
        scores = scores + bias.view(length, length, -1).permute(2, 0, 1)
        if mask is not None:
            grouped = scores.view(-1, mask.shape[0], self.heads, length, length) + mask[None, :, None]
            scores = grouped.view(count, self.heads, length, length)
        mixed = (scores.softmax(-1) @ value).transpose(1, 2).reshape(count, length, dim)
        out: Tensor = self.proj(mixed)
        return out


def relative_index(window: int) -> Tensor:
    """(window², window²) row of the bias table for each pair of tokens."""
    ticks = torch.arange(window)
    places = torch.stack(torch.meshgrid(ticks, ticks, indexing="ij")).flatten(1)
    apart = (places[:, :, None] - places[:, None, :]) + (window - 1)
    return apart[0] * (2 * window - 1) + apart[1]
