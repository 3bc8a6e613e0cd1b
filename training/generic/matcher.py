"""One-to-one matching of an image's generic queries to its named masks (Mask DINO, section 3; DETR, equation 1)."""

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F

from semsam_annotate.training.config import GenericCosts
from semsam_annotate.training.generic.names import Found, class_of, part_rows
from semsam_annotate.training.matcher import Match, bce_cost, dice_cost, giou
from semsam_annotate.training.points import Rand, sample_points
from semsam_annotate.training.targets import Targets

ALPHA, GAMMA = 0.25, 2.0
"""Balance and focus of the focal loss (RetinaNet, equation 5), as published for Mask DINO."""


@torch.no_grad()
def match_generic(
    found: Found, targets: Targets, wanted: list[Tensor], soft: Tensor, points: int, costs: GenericCosts, rand: Rand
) -> Match:
    """Cheapest assignment for each image between its Q queries and the masks ``wanted`` of it.

    ``soft`` (M, H, W): the masks as numbers. In the match, queries count through all images.
    """
    count = found.objects.shape[1]
    places = rand((1, points, 2))
    queries, rows = [], []
    for image, chosen in enumerate(wanted):
        if len(chosen):
            cost = _costs(found, targets, image, chosen, soft, places, costs)
            picked, columns = linear_sum_assignment(cost.nan_to_num(1e6, 1e6, -1e6).cpu().numpy())
            queries.append(torch.as_tensor(picked) + image * count)
            rows.append(chosen.cpu()[columns])
    empty = torch.zeros(0, dtype=torch.long)
    device = found.objects.device
    return Match(torch.cat([empty, *queries]).to(device), torch.cat([empty, *rows]).to(device))


def _costs(
    found: Found, targets: Targets, image: int, rows: Tensor, soft: Tensor, places: Tensor, costs: GenericCosts
) -> Tensor:
    """(Q, T) cost of each query of an image for each mask."""
    logits = sample_points(found.predictions.masks[image, :, 0].float(), places)[None]
    truth = sample_points(soft[rows], places)[None]
    boxes, true_boxes = found.predictions.boxes[image, :, 0].float(), targets.boxes[rows]
    names = class_of(targets, rows)
    as_part, as_object = (
        found.parts[image][:, _within(names, found.parts)],
        found.objects[image][:, _within(names, found.objects)],
    )
    cost: Tensor = (
        costs.object_class * focal_cost(torch.where(part_rows(targets, rows), as_part, as_object))
        + ~targets.boxed[rows]
        * (costs.bce * bce_cost(logits, truth)[0] + costs.dice * dice_cost(logits.sigmoid(), truth)[0])
        + costs.box * torch.cdist(boxes, true_boxes, p=1)
        - costs.giou * giou(boxes[None], true_boxes[None])[0]
    )
    return cost


def _within(names: Tensor, logits: Tensor) -> Tensor:
    """Names of the other head may lie beyond this one's; their column is not read."""
    return names.clamp(max=logits.shape[-1] - 1)


def focal_cost(logits: Tensor) -> Tensor:
    """What the focal loss of a query would change by if it were the name: loss as positive minus loss as negative."""
    share = logits.sigmoid()
    positive = ALPHA * (1 - share) ** GAMMA * F.softplus(-logits)
    negative = (1 - ALPHA) * share**GAMMA * F.softplus(logits)
    return positive - negative
