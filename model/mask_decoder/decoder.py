"""Mask decoder: six queries for every prompt, refined against the image layer by layer (paper section 3.1)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from semsam_annotate.model.config import MaskDecoderConfig
from semsam_annotate.model.layers.deformable_attention import Shapes
from semsam_annotate.model.layers.mlp import Mlp
from semsam_annotate.model.layers.position import encode_boxes
from semsam_annotate.model.mask_decoder.generic import GenericQueries
from semsam_annotate.model.mask_decoder.geometry import prompt_geometry
from semsam_annotate.model.mask_decoder.heads import PredictionHeads, Predictions
from semsam_annotate.model.mask_decoder.layer import DecoderLayer
from semsam_annotate.model.mask_decoder.prompts import TOKEN_KINDS, UNUSED, PromptBatch

TOKEN_SIZE = 0.02
"""Width and height of the reference box of an extra click or corner, relative to the image."""

EDGE = 1e-5
"""References stay this far from 0 and 1, where their logits would not be finite; as the published network has it."""


@dataclass(frozen=True)
class ImageMemory:
    """All that the decoder derives from an image alone.

    ``mask_features`` (B, dim, H / 4, W / 4); ``values``: the table (B, cells, heads, dim / heads) that each layer
    reads; ``shapes`` of its levels, coarsest first.
    """

    mask_features: Tensor
    values: tuple[Tensor, ...]
    shapes: Shapes

    def halved(self) -> "ImageMemory":
        """The same in half precision, pixel after pixel: half the memory, and what is read of it is widened."""
        features = self.mask_features.half().contiguous(memory_format=torch.channels_last)
        return ImageMemory(features, tuple(table.half() for table in self.values), self.shapes)


@dataclass(frozen=True)
class Start:
    """What the layers begin with: ``queries`` (B, N, G, dim), ``reference`` (B, N, G, 4), ``used`` (B, N, G) or None.

    The first ``answering`` of a prompt's G queries are read by the heads. ``mutual``: all N groups see each other.
    """

    queries: Tensor
    reference: Tensor
    used: Tensor | None
    answering: int
    mutual: bool


class MaskDecoder(nn.Module):
    """Decodes prompts; prompts never see each other unless ``mutual`` asks for the published demo's behaviour."""

    def __init__(self, config: MaskDecoderConfig, dim: int, levels: int) -> None:
        super().__init__()
        self.granularities, self.prompt_tokens = config.granularities, config.prompt_tokens
        self.label_enc, self.pb_embedding = nn.Embedding(2, dim), nn.Embedding(2, dim)
        self.mask_tokens = nn.Embedding(config.granularities, dim)
        if config.prompt_tokens:
            self.token_embedding = nn.Embedding(TOKEN_KINDS, dim)
            nn.init.zeros_(self.token_embedding.weight)
        self.generic_queries = GenericQueries(config.generic_queries, dim) if config.generic_queries else None
        self.ref_point_head = Mlp(2 * dim, dim, dim, 2)
        self.layers = nn.ModuleList(DecoderLayer(config, dim, levels) for _ in range(config.layers))
        self.decoder_norm = nn.LayerNorm(dim)
        self.heads = PredictionHeads(config, dim, dim)

    def remember(self, mask_features: Tensor, levels: Sequence[Tensor]) -> ImageMemory:
        """What the layers read of an image, from features at strides 8, 16, 32, 64."""
        coarse_first = list(levels)[::-1]
        tokens = torch.cat([level.flatten(2).transpose(1, 2) for level in coarse_first], 1)
        shapes = [(int(level.shape[-2]), int(level.shape[-1])) for level in coarse_first]
        layers = [layer for layer in self.layers if isinstance(layer, DecoderLayer)]
        values = tuple(layer.cross_attn.project_values(tokens, shapes) for layer in layers)
        return ImageMemory(mask_features, values, shapes)

    def forward(
        self, memory: ImageMemory, prompts: PromptBatch, every_layer: bool = False, mutual: bool = False
    ) -> list[Predictions]:
        """Predictions of the last layer, or of every layer, first to last."""
        start = Start(*self._start(prompts), self.granularities, mutual)
        return self._layers(memory, start, self._geometry(memory, prompts), every_layer)

    def generic(self, memory: ImageMemory, every_layer: bool = False) -> list[Predictions]:
        """The same of the generic branch: its Q queries in the place of N prompts of one granularity each."""
        assert self.generic_queries is not None, "the network has no generic branch"
        batch = memory.mask_features.shape[0]
        queries, anchors = self.generic_queries(batch)
        start = Start(queries, anchors, None, 1, True)
        geometry = self._geometry(memory, self.generic_queries.as_clicks())
        return self._layers(memory, start, geometry, every_layer)

    def _layers(
        self, memory: ImageMemory, start: "Start", geometry: Tensor | None, every_layer: bool
    ) -> list[Predictions]:
        queries, reference, entered = start.queries, start.reference, start.reference
        out = []
        for index, layer in enumerate(self.layers):
            position = self.ref_point_head(encode_boxes(reference, queries.shape[-1]))
            queries = self._run(layer, queries, position, reference, memory, index, start)
            last = index == len(self.layers) - 1
            if every_layer or last:
                out.append(self._predict(queries, entered, memory, geometry, start.answering))
            if not last:
                entered = self._refine(queries, reference, start.answering)
                reference = entered.detach()
        return out

    def _start(self, prompts: PromptBatch) -> tuple[Tensor, Tensor, Tensor | None]:
        """Queries and references (B, N, K + P, …) of granularity tokens, then prompt tokens, and which are in use."""
        content = self.label_enc.weight[0] + self.pb_embedding(prompts.flag)
        queries = content[:, :, None] + self.mask_tokens.weight
        reference = prompts.reference.clamp(EDGE, 1 - EDGE)[:, :, None].expand(-1, -1, self.granularities, -1)
        if not self.prompt_tokens or not prompts.token_kinds.shape[2]:
            return queries, reference, None
        kinds = prompts.token_kinds
        queries = torch.cat([queries, self.token_embedding(kinds.clamp(min=0))], 2)
        places = torch.cat([prompts.token_places, torch.full_like(prompts.token_places, TOKEN_SIZE)], -1)
        always = kinds.new_ones(*kinds.shape[:2], self.granularities, dtype=torch.bool)
        return queries, torch.cat([reference, places], 2), torch.cat([always, kinds != UNUSED], 2)

    @staticmethod
    def _run(
        layer: nn.Module,
        queries: Tensor,
        position: Tensor,
        reference: Tensor,
        memory: ImageMemory,
        index: int,
        start: "Start",
    ) -> Tensor:
        """One layer over all queries of an image in one row."""
        batch, count, group = queries.shape[:3]
        flat = layer(
            queries.flatten(1, 2),
            position.flatten(1, 2),
            reference.flatten(1, 2),
            memory.values[index],
            memory.shapes,
            count * group if start.mutual else group,
            None if start.used is None else start.used.flatten(1, 2),
        )
        out: Tensor = flat.view(batch, count, group, -1)
        return out

    def _refine(self, queries: Tensor, reference: Tensor, answering: int) -> Tensor:
        """References of the next layer; those of prompt tokens stay where the annotator put them."""
        moved = self.heads.refine(queries[:, :, :answering], reference[:, :, :answering])
        return torch.cat([moved, reference[:, :, answering:]], 2)

    def _predict(
        self, queries: Tensor, entered: Tensor, memory: ImageMemory, geometry: Tensor | None, answering: int
    ) -> Predictions:
        """Heads read the state normed twice, as the published weights expect; the reference keeps its gradient."""
        state = self.decoder_norm(self.decoder_norm(queries[:, :, :answering]))
        out: Predictions = self.heads(state, entered[:, :, :answering], memory.mask_features, geometry)
        return out

    def _geometry(self, memory: ImageMemory, prompts: PromptBatch) -> Tensor | None:
        if not self.prompt_tokens:
            return None
        height, width = memory.mask_features.shape[-2:]
        return prompt_geometry(prompts, height, width)
