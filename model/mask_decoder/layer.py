"""One layer of the mask decoder."""

from torch import Tensor, nn

from semsam_annotate.model.config import MaskDecoderConfig
from semsam_annotate.model.layers.attention import SelfAttention
from semsam_annotate.model.layers.deformable_attention import DeformableAttention, Shapes
from semsam_annotate.model.layers.dense import Dense


class DecoderLayer(nn.Module):
    """Self-attention of the queries of a prompt, deformable attention to the image, feed-forward; norms after each."""

    def __init__(self, config: MaskDecoderConfig, dim: int, levels: int) -> None:
        super().__init__()
        self.self_attn = SelfAttention(dim, config.heads)
        self.cross_attn = DeformableAttention(dim, config.heads, levels, config.points)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(dim), nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.linear1, self.linear2 = Dense(dim, config.ffn), Dense(config.ffn, dim)
        for layer in (self.linear1, self.linear2, self.self_attn.out_proj):
            nn.init.xavier_uniform_(layer.weight)

    def forward(
        self,
        queries: Tensor,
        position: Tensor,
        reference: Tensor,
        values: Tensor,
        shapes: Shapes,
        group: int,
        used: Tensor | None,
    ) -> Tensor:
        """(B, Q, dim) to the same shape.

        ``group``: that many neighbours in Q see each other, and nobody else. ``reference`` (B, Q, 4). ``used``
        (B, Q) bool, False for filling.
        """
        batch, count, dim = queries.shape
        grouped = queries.view(-1, group, dim)
        mixed = self.self_attn(
            grouped, position.reshape(-1, group, dim), None if used is None else used.reshape(-1, group)
        )
        queries = self.norm2(queries + mixed.view(batch, count, dim))
        queries = self.norm1(queries + self.cross_attn(queries + position, reference, values, shapes))
        out: Tensor = self.norm3(queries + self.linear2(self.linear1(queries, "relu")))
        return out
