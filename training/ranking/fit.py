"""Fit the ranker: binary cross-entropy with the true IoU as a soft target, so that its answer is a predicted IoU."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR

from semsam_annotate.model.config import RankerConfig
from semsam_annotate.model.ranking import Ranker
from semsam_annotate.training.ranking.gather import Samples

SMALLEST_SCALE = 1e-3


@dataclass(frozen=True)
class FitSettings:
    """How the ranker is fitted."""

    steps: int = 800
    batch: int = 2048
    """Prompts a step."""
    lr: float = 1e-2
    weight_decay: float = 0.1
    seed: int = 0


def fitted(samples: Samples, config: RankerConfig, tokens: int, settings: FitSettings | None = None) -> Ranker:
    """A ranker for networks of so many tokens."""
    chosen = settings or FitSettings()
    source = torch.Generator().manual_seed(chosen.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(chosen.seed)
        ranker = Ranker(config, tokens)
    features, ious = torch.from_numpy(samples.features), torch.from_numpy(samples.ious)
    _standardise(ranker, features.flatten(0, 1))
    optimizer = AdamW(ranker.parameters(), chosen.lr, weight_decay=chosen.weight_decay)
    schedule = CosineAnnealingLR(optimizer, chosen.steps)
    for _ in range(chosen.steps):
        rows = torch.randint(len(ious), (min(chosen.batch, len(ious)),), generator=source)
        loss = F.binary_cross_entropy_with_logits(ranker.logits(features[rows]), ious[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return ranker.eval().requires_grad_(False)


def _standardise(ranker: Ranker, features: Tensor) -> None:
    ranker.mean.copy_(features.mean(0))
    ranker.scale.copy_(features.std(0).clamp(min=SMALLEST_SCALE))
