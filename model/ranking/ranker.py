"""The ranker: what a rung looks like, and how it lies to the click and to the other rungs, to one score."""

from torch import Tensor, nn, ones, zeros

from semsam_annotate.model.config import RankerConfig
from semsam_annotate.model.ranking.features import feature_count


class Ranker(nn.Module):
    """Two layers on standardised features; fitted after training (``semsam_annotate.training.ranking``)."""

    mean: Tensor
    scale: Tensor

    def __init__(self, config: RankerConfig, tokens: int) -> None:
        super().__init__()
        count = feature_count(tokens, len(config.scales))
        self.register_buffer("mean", zeros(count))
        self.register_buffer("scale", ones(count))
        self.hidden, self.out = nn.Linear(count, config.hidden), nn.Linear(config.hidden, 2)

    def logits(self, features: Tensor) -> Tensor:
        """(…, 2) logits of (…, C) features."""
        known = (features - self.mean) / self.scale
        out: Tensor = self.out(nn.functional.gelu(self.hidden(known)))
        return out

    def forward(self, features: Tensor) -> Tensor:
        """(…, 2) predicted IoU, 0..1, with the mask that was meant, and with the best of all under the click."""
        return self.logits(features).sigmoid()
