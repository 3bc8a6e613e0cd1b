"""The published variant for one mask a click, as SAM learns: only the token that comes closest is taught."""

import torch
from torch import Tensor

from semsam_annotate.model.mask_decoder import Predictions
from semsam_annotate.training.matcher import Match
from semsam_annotate.training.targets import Targets


@torch.no_grad()
def every_token(predictions: Predictions, targets: Targets) -> Match:
    """Each token of a click paired with the mask that the click was drawn from; clicks without one are left out."""
    count = predictions.masks.shape[2]
    meant = targets.clicked.flatten()
    clicks = (meant >= 0).nonzero()[:, 0]
    tokens = torch.arange(count, device=meant.device)
    query = (clicks[:, None] * count + tokens).flatten()
    return Match(query, meant[clicks].repeat_interleave(count))


def closest(errors: Tensor, count: int) -> Tensor:
    """Rows of the smallest of each ``count`` neighbouring errors (R,); the first of equal ones."""
    best = errors.detach().view(-1, count).argmin(1)
    return torch.arange(len(best), device=errors.device) * count + best
