"""How firmly a mask stands when its threshold moves."""

import torch
from torch import Tensor


@torch.no_grad()
def stability(logits: Tensor) -> list[float]:
    """Area above logit 1 over area above logit -1 of each (h, w) map (SAM's stability score)."""
    strict = (logits > 1).flatten(1).sum(1).float()
    loose = (logits > -1).flatten(1).sum(1).float()
    return [float(value) for value in (strict / loose.clamp(min=1))]
