"""Many-to-many matching: the queries of a click to the masks that contain it (paper section 3.3)."""

from dataclasses import dataclass

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F
from torchvision.ops import box_convert, generalized_box_iou

from semsam_annotate.model.mask_decoder import Predictions
from semsam_annotate.training.points import Rand, sample_points
from semsam_annotate.training.targets import Targets


@dataclass(frozen=True)
class MatchCosts:
    """Weights of the four costs, the published ones by default."""

    bce: float = 5.0
    dice: float = 5.0
    box: float = 5.0
    giou: float = 2.0


@dataclass(frozen=True)
class Match:
    """Pairs: ``query`` (R,) rows of the B * N * K queries, ``target`` (R,) rows of the masks."""

    query: Tensor
    target: Tensor


@torch.no_grad()
def match(
    predictions: Predictions, targets: Targets, soft: Tensor, points: int, costs: MatchCosts, rand: Rand
) -> Match:
    """Cheapest one-to-one assignment for each click between its K queries and its candidates.

    ``soft`` (M, H, W): the targets' masks as numbers, at any resolution.
    """
    cost = _costs(predictions, targets, soft, points, costs, rand).cpu().numpy()
    candidates = targets.candidates.flatten(0, 1).cpu().numpy()
    granularities = predictions.masks.shape[2]
    queries, chosen = [], []
    for click, row in enumerate(candidates):
        present = row >= 0
        picked, columns = linear_sum_assignment(cost[click][:, present])
        queries.extend(click * granularities + picked)
        chosen.extend(row[present][columns])
    device = predictions.masks.device
    return Match(
        torch.as_tensor(queries, dtype=torch.long, device=device),
        torch.as_tensor(chosen, dtype=torch.long, device=device),
    )


def _costs(
    predictions: Predictions, targets: Targets, soft: Tensor, points: int, costs: MatchCosts, rand: Rand
) -> Tensor:
    """(B * N, K, T) cost of each query of a click against each of its candidates."""
    batch, count, granularities = predictions.masks.shape[:3]
    places = rand((1, points, 2))
    logits = sample_points(predictions.masks.float().flatten(0, 2), places).view(batch * count, granularities, -1)
    truth = sample_points(soft, places)
    rows = targets.candidates.flatten(0, 1).clamp(min=0)
    truth = truth[rows]
    boxes = predictions.boxes.float().view(batch * count, granularities, 4)
    drawn = ~targets.boxed[rows][:, None]  # a box says nothing about the mask
    return (
        drawn * (costs.bce * bce_cost(logits, truth) + costs.dice * dice_cost(logits.sigmoid(), truth))
        + costs.box * torch.cdist(boxes, targets.boxes[rows], p=1)
        - costs.giou * giou(boxes, targets.boxes[rows])
    )


def bce_cost(logits: Tensor, truth: Tensor) -> Tensor:
    """(C, K, T) mean binary cross-entropy of (C, K, P) logits against (C, T, P) soft truth."""
    hit = F.softplus(-logits)
    miss = hit + logits
    return (hit @ truth.transpose(1, 2) + miss @ (1 - truth).transpose(1, 2)) / logits.shape[-1]


def dice_cost(shares: Tensor, truth: Tensor) -> Tensor:
    """(C, K, T) one minus the soft Dice coefficient, smoothed by one."""
    joint = 2 * shares @ truth.transpose(1, 2)
    total = shares.sum(-1)[:, :, None] + truth.sum(-1)[:, None]
    return 1 - (joint + 1) / (total + 1)


def giou(boxes: Tensor, truth: Tensor) -> Tensor:
    """(C, K, T) generalised IoU of cxcywh boxes."""
    first, second = box_convert(boxes, "cxcywh", "xyxy"), box_convert(truth, "cxcywh", "xyxy")
    return torch.stack([generalized_box_iou(a, b) for a, b in zip(first, second, strict=True)])
