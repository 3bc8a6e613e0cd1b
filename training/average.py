"""A moving average of the weights."""

import torch
from torch import nn


class MovingAverage:
    """Each weight's exponential moving average, sharded as the weights are; young averages follow more quickly."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.values = {name: value.detach().clone() for name, value in network.named_parameters()} if decay else {}

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after step ``step``."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in network.named_parameters() if self.values else ():
            self.values[name].mul_(decay).add_(value.detach(), alpha=1 - decay)
