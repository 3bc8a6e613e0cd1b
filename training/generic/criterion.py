"""Losses of the generic branch: which name, if any, and mask, box, quality and kind of the matched queries."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.ops import sigmoid_focal_loss

from semsam_annotate.training.config import GenericConfig
from semsam_annotate.training.counts import Counts, asked
from semsam_annotate.training.criterion import CriterionConfig, Truth, giou_loss, mask_losses
from semsam_annotate.training.generic.matcher import ALPHA, GAMMA, match_generic
from semsam_annotate.training.generic.names import Found, class_of, named_targets, part_rows
from semsam_annotate.training.matcher import Match
from semsam_annotate.training.points import Rand
from semsam_annotate.training.scores import mask_ious
from semsam_annotate.training.targets import Targets


class GenericCriterion:
    """Matches every layer by itself, as Mask DINO does, then sums the losses of all layers."""

    def __init__(self, config: CriterionConfig, generic: GenericConfig) -> None:
        self.config, self.generic = config, generic

    def __call__(
        self,
        layers: Sequence[Found],
        targets: Targets,
        rand: Rand,
        counts: Counts | None = None,
        truth: Truth | None = None,
    ) -> dict[str, Tensor]:
        """Unweighted losses, "generic_NAME_LAYER"; ``counts`` and ``truth`` as in ``Criterion``."""
        if counts is None:
            wanted = named_targets(targets, self.generic.parts)
            counts = Counts.of(asked(targets, 1, False, wanted=wanted, queries=layers[-1].objects.shape[1]))
        truth = truth or Truth.of(targets, self.config.truth_stride, layers[-1].predictions.masks.shape[-2:])
        wanted = named_targets(targets, self.generic.parts)
        losses = {}
        for index, found in enumerate(layers):
            matched = match_generic(found, targets, wanted, truth.soft, self.config.points, self.generic.weights, rand)
            for name, value in self._layer(found, targets, truth, matched, rand, counts).items():
                losses[f"generic_{name}_{index}"] = value
        return losses

    def total(self, losses: dict[str, Tensor]) -> Tensor:
        """Weighted sum."""
        weights = self.generic.weights
        parts = [
            getattr(weights, name.removeprefix("generic_").rpartition("_")[0]) * value for name, value in losses.items()
        ]
        return self.generic.weight * torch.stack(parts).sum()

    def _layer(
        self, found: Found, targets: Targets, truth: Truth, matched: Match, rand: Rand, counts: Counts
    ) -> dict[str, Tensor]:
        masks = found.predictions.masks.float().flatten(0, 2)
        boxes = found.predictions.boxes.float().flatten(0, 2)[matched.query]
        true_boxes, drawn = targets.boxes[matched.target], ~targets.boxed[matched.target]
        bce, dice = mask_losses(masks, matched, truth, self.config, rand)
        quality = mask_ious(masks[matched.query], truth.small[matched.target])
        scores = found.predictions.scores.float().flatten(0, 2)[matched.query, 0]
        losses = {
            "object_class": class_loss(found, targets, matched) / counts.found,
            "bce": (bce * drawn).sum() / counts.found_drawn,
            "dice": (dice * drawn).sum() / counts.found_drawn,
            "box": F.l1_loss(boxes, true_boxes, reduction="sum") / counts.found,
            "giou": giou_loss(boxes, true_boxes) / counts.found,
            "iou": ((scores - quality).square() * drawn).sum() / counts.found_drawn,
        }
        if found.predictions.part is not None:
            kinds = part_rows(targets, matched.target).float()
            part = found.predictions.part.float().flatten()[matched.query]
            losses["kind"] = F.binary_cross_entropy_with_logits(part, kinds, reduction="sum") / counts.found
        return losses


def class_loss(found: Found, targets: Targets, matched: Match) -> Tensor:
    """Summed focal loss over names.

    A query that found a mask should score its name alone. One that found none should score no name, but only in images
    whose annotation is complete: elsewhere it may have found what nobody named. In an image that is exhaustive in some
    names, it should score none of those.
    """
    part, names = part_rows(targets, matched.target), class_of(targets, matched.target)
    total = found.objects.sum() * 0
    heads = ((found.objects, ~part, targets.exhaustive), (found.parts, part, targets.exhaustive_parts))
    for logits, mine, exhaustive in heads:
        judged = targets.complete[:, None, None].expand(logits.shape).clone()
        if exhaustive.shape[1]:
            judged |= exhaustive[:, None]
        judged = judged.flatten(0, 1)
        judged[matched.query] = True
        flat = logits.float().flatten(0, 1)
        truth = torch.zeros_like(flat)
        truth[matched.query[mine], names[mine]] = 1
        total = total + sigmoid_focal_loss(flat[judged], truth[judged], ALPHA, GAMMA, "sum")
    return total
