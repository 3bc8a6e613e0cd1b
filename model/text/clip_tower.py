"""CLIP's text transformer (Radford et al. 2021, section 2.4) as Semantic-SAM's code has it: causal, pre-norm."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semsam_annotate.model.config import ClipTextConfig
from semsam_annotate.model.text.clip_tokens import ClipTokenizer, bare, templates

NORM_EPS = 1e-12
LENGTH_EPS = 1e-7
SENTENCES_AT_ONCE = 81


class ClipTextTower(nn.Module):
    """Names to embeddings: the mean over 81 sentences around a name, of length one."""

    def __init__(self, config: ClipTextConfig, text_dim: int) -> None:
        super().__init__()
        self.tokenizer = ClipTokenizer(config.context)
        self.token_embedding = nn.Embedding(config.tokens, config.width)
        self.positional_embedding = nn.Parameter(torch.randn(config.context, config.width) * 0.01)
        self.layers = nn.ModuleList(ClipTextLayer(config.width, config.heads) for _ in range(config.layers))
        self.ln_final = nn.LayerNorm(config.width, NORM_EPS)
        self.projection = nn.Parameter(torch.randn(config.width, text_dim) * config.width**-0.5)
        nn.init.normal_(self.token_embedding.weight, std=0.02)

    def forward(self, names: Sequence[str]) -> Tensor:
        """(V, text_dim) embeddings of V names, in their order; V may be 0."""
        around = templates() if names else []
        spoken = self.sentences([template.format(bare(name)) for name in names for template in around])
        return F.normalize(spoken.view(len(names), len(around), spoken.shape[1]).mean(1), dim=-1)

    def sentences(self, sentences: Sequence[str]) -> Tensor:
        """(N, text_dim) embeddings of length one of N whole sentences."""
        ids = self.tokenizer(sentences).to(self.projection.device)
        out = self.projection.new_zeros(len(ids), self.projection.shape[1])
        order = ids.argmax(1).argsort(stable=True)  # a batch is as long as its longest sentence
        for rows in order.split(SENTENCES_AT_ONCE):
            out = out.index_put((rows,), self._embed(ids[rows]))
        return out

    def hidden(self, ids: Tensor) -> Tensor:
        """(N, T, width) states of (N, T) token ids, T at most the context."""
        states = self.token_embedding(ids) + self.positional_embedding[: ids.shape[1]]
        for layer in self.layers:
            states = layer(states)
        out: Tensor = self.ln_final(states)
        return out

    def _embed(self, ids: Tensor) -> Tensor:
        """The state at the first end-of-text, projected. Nothing after the last of them is looked at, so it is cut."""
        ends = ids.argmax(1)
        if not len(ids):
            return self.projection.new_zeros(0, self.projection.shape[1])
        states = self.hidden(ids[:, : int(ends.max()) + 1])
        read = states[torch.arange(len(ids), device=ids.device), ends] @ self.projection
        out: Tensor = read / (read.norm(dim=-1, keepdim=True) + LENGTH_EPS)
        return out


class ClipTextLayer(nn.Module):
    """Causal self-attention and a perceptron, each behind a layer norm."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width, NORM_EPS), nn.LayerNorm(width, NORM_EPS)
        self.attn = CausalAttention(width, heads)
        self.mlp = QuickPerceptron(width)

    def forward(self, states: Tensor) -> Tensor:
        """(N, T, width) to the same shape."""
        states = states + self.attn(self.ln_1(states))
        out: Tensor = states + self.mlp(self.ln_2(states))
        return out


class CausalAttention(nn.Module):
    """Multi-head attention in which a token sees itself and what stands before it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def forward(self, states: Tensor) -> Tensor:
        """(N, T, width) to the same shape."""
        count, length, width = states.shape
        mixed = F.linear(states, self.in_proj_weight, self.in_proj_bias)
        query, key, value = mixed.view(count, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        out: Tensor = self.out_proj(seen.transpose(1, 2).reshape(count, length, width))
        return out


class QuickPerceptron(nn.Module):
    """Perceptron of one hidden layer with CLIP's quick approximation of GELU, x times sigmoid(1.702 x)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.c_fc, self.c_proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, states: Tensor) -> Tensor:
        """(…, width) to the same shape."""
        inner = self.c_fc(states)
        out: Tensor = self.c_proj(inner * torch.sigmoid(1.702 * inner))
        return out
