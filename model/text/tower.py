"""Small sub-word text tower, trained together with the class heads."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from semsam_annotate.model.config import TextConfig
from semsam_annotate.model.layers.mlp import Mlp
from semsam_annotate.model.text.subwords import subword_ids


class TextTower(nn.Module):
    """Mean of sub-word embeddings, then a perceptron."""

    def __init__(self, config: TextConfig, text_dim: int) -> None:
        super().__init__()
        self.buckets = config.buckets
        self.embedding = nn.EmbeddingBag(config.buckets, config.width, mode="mean")
        self.mlp = Mlp(config.width, config.hidden, text_dim, 2)

    def forward(self, names: Sequence[str]) -> Tensor:
        """(V, text_dim) embeddings of V names, in their order; V may be 0."""
        ids = [subword_ids(name, self.buckets) for name in names]
        starts = [sum(map(len, ids[:index])) for index in range(len(ids))]
        device = self.embedding.weight.device
        flat = torch.tensor([row for rows in ids for row in rows], dtype=torch.long, device=device)
        out: Tensor = self.mlp(self.embedding(flat, torch.tensor(starts, dtype=torch.long, device=device)))
        return out
