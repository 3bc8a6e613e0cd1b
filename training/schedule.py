"""Optimiser, its parameter groups, and the learning rate of a step."""

import math

from torch import nn
from torch.optim import AdamW

from semsam_annotate.model.network import SemanticSam
from semsam_annotate.training.config import ScheduleConfig


def learning_rate(schedule: ScheduleConfig, step: int) -> float:
    """Linear warm-up, a constant stretch, then a cosine to zero over the last ``decay`` of the steps."""
    rise = min(1.0, (step + 1) / max(schedule.warmup, 1))
    start = schedule.steps * (1 - schedule.decay)
    if step < start:
        return schedule.lr * rise
    done = (step - start) / max(schedule.steps - start, 1)
    return schedule.lr * rise * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


TEMPERATURE_RATE = 20.0
"""The class temperature starts at the published e^1, far from where cosines separate hundreds of names."""


UNDECAYED = ("embed", "tokens", "label_enc", "generic_queries")
"""Parameters of these names are places or prototypes, not weights."""


def build_optimizer(network: SemanticSam, schedule: ScheduleConfig) -> AdamW:
    """AdamW; no weight decay on norms, biases and embeddings; the image encoder may learn more slowly."""
    groups: dict[tuple[bool, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        plain = parameter.ndim < 2 or any(word in name for word in UNDECAYED)
        groups.setdefault((plain, _factor(name, schedule)), []).append(parameter)
    return AdamW(
        [
            {
                "params": members,
                "weight_decay": 0.0 if plain else schedule.weight_decay,
                "factor": factor,
            }
            for (plain, factor), members in groups.items()
        ],
        lr=schedule.lr,
        betas=(0.9, 0.98),
    )


def _factor(name: str, schedule: ScheduleConfig) -> float:
    if name.startswith("image_encoder."):
        return schedule.encoder_lr
    return TEMPERATURE_RATE if name.endswith(("logit_scale", "null_logits")) else 1.0


def set_learning_rate(optimizer: AdamW, rate: float) -> None:
    """Set the rate of every group, times its factor."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]
