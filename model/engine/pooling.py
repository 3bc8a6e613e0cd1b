"""What a mask looks like as one vector: its pooled feature, by which masks of one kind find each other."""

import torch
from torch import Tensor
from torch.nn import functional as F

from semsam_annotate.model.mask_decoder import ImageMemory


def pool(memory: ImageMemory, masks: Tensor) -> Tensor:
    """(M, D) float vectors of length 1 of masks (M, h, w) on the grid of ``memory.mask_features``; B must be 1.

    Masked means, bool masks or shares 0..1, of the mask features and of the first decoder layer's values at every level
    but the coarsest, each scaled to length 1 before they are joined, so that every scale counts the same: D is
    levels * dim. The dot product of two vectors is their cosine similarity. A mask without any cell gives
    zeros. Mask features alone tell names apart less well (CONTRIBUTING.md has the figures).
    """
    shares = masks.to(memory.mask_features).float()
    means = [_mean(memory.mask_features[0].float(), shares), *(_mean(level, shares) for level in _levels(memory))]
    return F.normalize(torch.cat([F.normalize(mean, dim=-1) for mean in means], -1), dim=-1)


def _levels(memory: ImageMemory) -> list[Tensor]:
    """(dim, h, w) maps of the first layer's values, all levels but the coarsest."""
    rows = memory.values[0][0].flatten(1).float()
    pieces = rows.split([height * width for height, width in memory.shapes])
    maps = [piece.T.reshape(-1, *shape) for piece, shape in zip(pieces, memory.shapes, strict=True)]
    return maps[1:] or maps


def _mean(features: Tensor, shares: Tensor) -> Tensor:
    """(M, dim) means of (dim, h, w) features weighted by masks (M, H, W), shrunk by area."""
    smaller = F.adaptive_avg_pool2d(shares[:, None], features.shape[-2:])[:, 0].flatten(1)
    weights = smaller / smaller.sum(1, keepdim=True).clamp(min=1e-6)
    return weights @ features.flatten(1).T
