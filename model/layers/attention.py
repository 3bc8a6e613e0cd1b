"""Multi-head attention with one projection for query, key and value."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semsam_annotate.model.layers.dense import Dense, dense


class SelfAttention(nn.Module):
    """Attention of a set with itself; position is added to queries and keys only."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * dim, dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * dim))
        self.out_proj = Dense(dim, dim)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, x: Tensor, position: Tensor, keys_used: Tensor | None = None) -> Tensor:
        """(N, T, dim) to the same; ``keys_used`` (N, T) bool marks members that may be looked at."""
        count, length, dim = x.shape
        query, key = dense(x + position, self.in_proj_weight[: 2 * dim], self.in_proj_bias[: 2 * dim]).chunk(2, -1)
        value = dense(x, self.in_proj_weight[2 * dim :], self.in_proj_bias[2 * dim :])
        query, key, value = (
            part.view(count, length, self.heads, dim // self.heads).transpose(1, 2) for part in (query, key, value)
        )
        mask = None if keys_used is None else keys_used[:, None, None, :]
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        out: Tensor = self.out_proj(mixed.transpose(1, 2).reshape(count, length, dim))
        return out
