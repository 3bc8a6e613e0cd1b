"""Small sub-word text tower, trained together with the class heads."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

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
        device = self.embedding.weight.device
        rows, starts = (part.to(device) for part in _bags(tuple(names), self.buckets))
        out: Tensor = self.mlp(self.embedding(rows, starts))
        return out


@lru_cache(maxsize=16)  # a training asks for the same names at every step
def _bags(names: tuple[str, ...], buckets: int) -> tuple[Tensor, Tensor]:
    """Rows of the table for all names, one name after the other, and where each name begins."""
    ids = [subword_ids(name, buckets) for name in names]
    starts = list(accumulate(map(len, ids), initial=0))[:-1]
    rows = [row for given in ids for row in given]
    with torch.inference_mode(False):  # what is kept may be used in training next
        return torch.tensor(rows, dtype=torch.long), torch.tensor(starts, dtype=torch.long)
