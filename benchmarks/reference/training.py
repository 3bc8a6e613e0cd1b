"""The published training step: every click matched by itself, a copy of its mask for every query."""

from typing import Any

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F
from torchvision.ops import box_convert, generalized_box_iou

from reference.decoder import Layer, decode
from reference.image import pixel_decoder, swin
from semsam_annotate.training.points import Rand
from semsam_annotate.training.targets import Targets

POINTS, OVERSAMPLE, IMPORTANCE = 12544, 3.0, 0.75
WEIGHTS = {"bce": 5.0, "dice": 5.0, "box": 5.0, "giou": 2.0, "iou": 1.0}


def total_loss(network: Any, pixels: Tensor, boxes: Tensor, targets: Targets, rand: Rand) -> Tensor:
    """Weighted loss of one normalised image (1, 3, H, W) with N prompts (N, 4)."""
    features = pixel_decoder(network.pixel_decoder, swin(network.image_encoder, pixels))
    layers = decode(network.mask_decoder, *features, boxes)
    masks = targets.masks.float()
    pairs = match(layers[-1], masks, targets, rand)
    last = len(layers) - 1
    losses = [layer_loss(layers[index], masks, targets, pairs, rand) for index in (last, *range(last))]
    return torch.stack(losses).sum()


def sample(maps: Tensor, points: Tensor) -> Tensor:
    grid = 2 * points[:, :, None] - 1
    return F.grid_sample(maps[:, None], grid, align_corners=False)[:, 0, :, 0]


@torch.no_grad()
def match(layer: Layer, masks: Tensor, targets: Targets, rand: Rand) -> tuple[Tensor, Tensor]:
    """Pairs of queries and masks, click by click."""
    logits, scores, boxes, _ = layer
    kinds, points = scores.shape[1], rand((1, POINTS, 2))
    queries, rows = [], []
    for click, candidates in enumerate(targets.candidates[0]):
        wanted = candidates[candidates >= 0]
        mine = slice(click * kinds, (click + 1) * kinds)
        found = sample(logits[mine], points.repeat(kinds, 1, 1))
        truth = sample(masks[wanted], points.repeat(len(wanted), 1, 1))
        cost = 5 * bce_cost(found, truth) + 5 * dice_cost(found.sigmoid(), truth)
        cost = cost + 5 * torch.cdist(boxes[0, mine], targets.boxes[wanted], p=1)
        cost = cost - 2 * generalized_box_iou(corners(boxes[0, mine]), corners(targets.boxes[wanted]))
        picked, columns = linear_sum_assignment(cost.numpy())
        queries.append(torch.as_tensor(picked) + click * kinds)
        rows.append(wanted[columns])
    return torch.cat(queries), torch.cat(rows)


def bce_cost(found: Tensor, truth: Tensor) -> Tensor:
    hit = F.binary_cross_entropy_with_logits(found, torch.ones_like(found), reduction="none")
    miss = F.binary_cross_entropy_with_logits(found, torch.zeros_like(found), reduction="none")
    return (hit @ truth.T + miss @ (1 - truth).T) / found.shape[1]


def dice_cost(shares: Tensor, truth: Tensor) -> Tensor:
    return 1 - (2 * shares @ truth.T + 1) / (shares.sum(-1)[:, None] + truth.sum(-1)[None] + 1)


def corners(boxes: Tensor) -> Tensor:
    return box_convert(boxes, "cxcywh", "xyxy")


def layer_loss(layer: Layer, masks: Tensor, targets: Targets, pairs: tuple[Tensor, Tensor], rand: Rand) -> Tensor:
    logits, scores, boxes, _ = layer
    queries, rows = pairs
    found, wanted, count = logits[queries], masks[rows], max(len(queries), 1)
    with torch.no_grad():
        points = uncertain(found, rand)
        truth = sample(wanted, points)
    read = sample(found, points)
    bce = F.binary_cross_entropy_with_logits(read, truth, reduction="none").mean(1)
    shares = read.sigmoid()
    dice = 1 - (2 * (shares * truth).sum(1) + 1) / (shares.sum(1) + truth.sum(1) + 1)
    mine, true = boxes[0, queries], targets.boxes[rows]
    losses = {
        "bce": bce.sum() / count,
        "dice": dice.sum() / count,
        "box": F.l1_loss(mine, true, reduction="sum") / count,
        "giou": (1 - generalized_box_iou(corners(mine), corners(true)).diag()).sum() / count,
        "iou": (scores.flatten()[queries] - (1 - dice)).square().sum() / count,
    }
    return torch.stack([WEIGHTS[name] * value for name, value in losses.items()]).sum()


def uncertain(logits: Tensor, rand: Rand) -> Tensor:
    drawn = rand((len(logits), int(POINTS * OVERSAMPLE), 2))
    doubt = -sample(logits, drawn).abs()
    index = doubt.topk(int(IMPORTANCE * POINTS), dim=1).indices
    picked = drawn.gather(1, index[..., None].expand(-1, -1, 2))
    return torch.cat([picked, rand((len(logits), POINTS - picked.shape[1], 2))], 1)
