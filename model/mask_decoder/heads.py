"""What is read off a query: mask, box, predicted IoU, part or object, object class, part class."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semsam_annotate.model.config import MaskDecoderConfig
from semsam_annotate.model.layers.dense import dense
from semsam_annotate.model.layers.mlp import Mlp
from semsam_annotate.model.layers.position import inverse_sigmoid
from semsam_annotate.model.mask_decoder.geometry import CHANNELS

PIECE = 4096
"""Pixels whose features are widened at a time: four megabytes."""


@dataclass(frozen=True)
class Predictions:
    """Outputs of one decoder layer for N prompts of K granularities on B images.

    ``masks`` (B, N, K, H / 4, W / 4) logits. ``boxes`` (B, N, K, 4) cxcywh, 0..1 of the padded input. ``scores``
    (B, N, K, S): predicted IoU with the matched mask and, when S is 2, with the mask that was clicked. ``part``
    (B, N, K) logit of being a part, or None. ``state`` (B, N, K, dim): what the class heads read.
    """

    masks: Tensor
    boxes: Tensor
    scores: Tensor
    part: Tensor | None
    state: Tensor


class PredictionHeads(nn.Module):
    """Heads shared by all layers of the decoder."""

    def __init__(self, config: MaskDecoderConfig, dim: int, mask_dim: int) -> None:
        super().__init__()
        self.mask_dim = mask_dim
        channels = mask_dim + (CHANNELS if config.prompt_tokens else 0)
        self.mask_head = Mlp(dim, dim, channels, 3)
        self.box_head = Mlp(dim, dim, 4, 3)
        self.iou_head = Mlp(dim, dim, config.scores, 3)
        self.part_head = Mlp(dim, dim, 1, 2) if config.part_head else None
        nn.init.zeros_(self.box_head.layers[-1].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.box_head.layers[-1].bias)  # type: ignore[arg-type]
        if config.prompt_tokens:
            with torch.no_grad():
                self.mask_head.layers[-1].weight[mask_dim:].zero_()  # type: ignore[index]
                self.mask_head.layers[-1].bias[mask_dim:].zero_()  # type: ignore[index]

    def refine(self, state: Tensor, reference: Tensor) -> Tensor:
        """Boxes (…, 4) after a step from ``reference``."""
        moved: Tensor = self.box_head(state) + inverse_sigmoid(reference)
        return moved.sigmoid()

    def forward(self, state: Tensor, reference: Tensor, mask_features: Tensor, geometry: Tensor | None) -> Predictions:
        """Read the normed state (B, N, K, dim); ``reference`` (B, N, K, 4) is the input reference of the layer.

        ``geometry`` (B, N, c, h, w), or (1, N, c, h, w) where it is the same for all images.
        """
        weights = self.mask_head(state)
        masks = mask_product(weights[..., : self.mask_dim], mask_features)
        if geometry is not None:
            masks = masks + torch.einsum("bnkc,bnchw->bnkhw", weights[..., self.mask_dim :], geometry)
        part = None if self.part_head is None else self.part_head(state).squeeze(-1)
        return Predictions(masks, self.refine(state, reference), self.iou_head(state), part, state)


def mask_product(weights: Tensor, mask_features: Tensor) -> Tensor:
    """(B, N, K, h, w) from queries' weights (B, N, K, c) and pixel features (B, c, h, w).

    Features kept in half precision are widened piece by piece, while a piece is still in the processor's cache.
    """
    if mask_features.dtype not in (torch.float16, torch.bfloat16):
        return torch.einsum("bnkc,bchw->bnkhw", weights, mask_features)
    queries, pixels = weights.flatten(1, 2), mask_features.flatten(2).transpose(1, 2)
    rows = [
        torch.cat([dense(row, piece.to(row.dtype)) for piece in image.split(PIECE)], -1)
        for row, image in zip(queries, pixels, strict=True)
    ]
    return torch.stack(rows).view(*weights.shape[:3], *mask_features.shape[-2:])


class ClassHeads(nn.Module):
    """Decoupled object and part classification: cosine with text embeddings, learned temperature (paper section 3.2).

    A learned null logit competes with the names, so that probabilities leave room for "none of these".
    """

    def __init__(self, dim: int, text_dim: int) -> None:
        super().__init__()
        self.class_embed = nn.Parameter(nn.init.trunc_normal_(torch.empty(dim, text_dim), std=0.02))
        self.class_embed_part = nn.Parameter(nn.init.trunc_normal_(torch.empty(dim, text_dim), std=0.02))
        self.logit_scale = nn.Parameter(torch.tensor(1.0))
        self.null_logits = nn.Parameter(torch.zeros(2))

    def forward(self, state: Tensor, names: Tensor, part: bool) -> Tensor:
        """Logits (…, V) of states (…, dim) against text embeddings (V, text_dim), the part head's if ``part``."""
        projected = state @ (self.class_embed_part if part else self.class_embed)
        return self.logit_scale.exp() * F.normalize(projected, dim=-1) @ F.normalize(names, dim=-1).T

    def with_null(self, state: Tensor, names: Tensor, part: bool) -> Tensor:
        """Logits (…, V + 1), the last one "none of these"."""
        logits = self(state, names, part)
        null = self.null_logits[int(part)].expand(*logits.shape[:-1], 1)
        return torch.cat([logits, null], -1)
