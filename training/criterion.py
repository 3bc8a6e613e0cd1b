"""The training criterion: mask, box and quality losses of every layer (paper section 3.3)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.ops import box_convert, generalized_box_iou_loss

from semsam_annotate.model.mask_decoder import Predictions
from semsam_annotate.training.counts import Counts, asked
from semsam_annotate.training.many_to_one import closest, every_token
from semsam_annotate.training.matcher import Match, MatchCosts, match
from semsam_annotate.training.point_losses import PointLosses
from semsam_annotate.training.points import Rand
from semsam_annotate.training.scores import mask_ious, shrink
from semsam_annotate.training.targets import Targets


@dataclass(frozen=True)
class LossWeights:
    """Weights of the losses, the published ones by default; the last four belong to heads that were never published."""

    bce: float = 5.0
    dice: float = 5.0
    box: float = 5.0
    giou: float = 2.0
    iou: float = 1.0
    clicked_iou: float = 1.0
    object_class: float = 1.0
    part_class: float = 1.0
    kind: float = 0.5


@dataclass(frozen=True)
class CriterionConfig:
    """How the losses are computed."""

    points: int = 12544
    oversample: float = 3.0
    importance: float = 0.75
    truth_stride: int = 1
    """Points read the truth from maps this much smaller than the input."""
    score_target: Literal["soft-dice", "soft-dice-detached", "iou"] = "soft-dice"
    """What the quality head learns: as published the soft Dice coefficient, whose gradient reaches the mask too; the
    same without that gradient; or the IoU, which has none."""
    many_to_one: bool = False
    """Published for SAM's task: a click means one mask, and only the token closest to it, in each layer, is taught."""
    null_share: float = 0.1
    """Share of labelled masks whose name is left out of the vocabulary, so that "none of these" is learned."""
    weights: LossWeights = field(default_factory=LossWeights)
    costs: MatchCosts = field(default_factory=MatchCosts)


@dataclass(frozen=True)
class Truth:
    """The masks as the losses read them: ``soft`` (M, H', W') coverage for points, ``small`` (M, h, w) bool for IoU.

    ``image`` (M,): whose image each mask is of.
    """

    soft: Tensor
    small: Tensor
    image: Tensor

    @classmethod
    def of(cls, targets: Targets, stride: int, size: Sequence[int]) -> "Truth":
        """From the masks at input resolution; ``size`` is that of the predicted masks."""
        height, width = targets.masks.shape[-2:]
        soft = shrink(targets.masks, height // stride, width // stride)
        return cls(soft, F.adaptive_avg_pool2d(soft, (int(size[0]), int(size[1]))) > 0.5, targets.image)


class Criterion:
    """Matches once, on the last layer, then sums the losses of all layers (many to one: chooses in each layer)."""

    def __init__(self, config: CriterionConfig) -> None:
        self.config = config

    def __call__(
        self,
        layers: Sequence[Predictions],
        targets: Targets,
        rand: Rand,
        counts: Counts | None = None,
        truth: Truth | None = None,
    ) -> tuple[dict[str, Tensor], Match]:
        """Unweighted losses, "name_layer" with layer 0 first, and the match of the last layer.

        ``counts``: what to divide by when these targets are a part of a larger batch. ``truth``: the targets' masks as
        the losses read them, where somebody has them already.
        """
        if counts is None:
            counts = Counts.of(asked(targets, layers[-1].masks.shape[2], self.config.many_to_one))
        truth = truth or Truth.of(targets, self.config.truth_stride, layers[-1].masks.shape[-2:])
        last = len(layers) - 1
        pairs = taught = self._pairs(layers[last], targets, truth, rand)
        losses: dict[str, Tensor] = {}
        for index in (last, *range(last)):
            found, chosen = self._layer(layers[index], targets, truth, pairs, rand, counts)
            losses |= {f"{name}_{index}": value for name, value in found.items()}
            taught = chosen if index == last else taught
        return losses, taught

    def _pairs(self, last: Predictions, targets: Targets, truth: Truth, rand: Rand) -> Match:
        if self.config.many_to_one:
            return every_token(last, targets)
        return match(last, targets, truth.soft, self.config.points, self.config.costs, rand)

    def total(self, losses: dict[str, Tensor]) -> Tensor:
        """Weighted sum."""
        weights = self.config.weights
        parts = [getattr(weights, name.rpartition("_")[0]) * value for name, value in losses.items()]
        return torch.stack(parts).sum()

    def _layer(
        self,
        predictions: Predictions,
        targets: Targets,
        truth: Truth,
        matched: Match,
        rand: Rand,
        counts: Counts,
    ) -> tuple[dict[str, Tensor], Match]:
        """Losses of one layer, and the pairs that they were taken of; of a mere box, only the box is taught."""
        masks = predictions.masks.float().flatten(0, 2)
        bce, dice = mask_losses(masks, matched, truth, self.config, rand)
        boxes = predictions.boxes.float().flatten(0, 2)[matched.query]
        true_boxes = targets.boxes[matched.target]
        if self.config.many_to_one:
            far = (boxes - true_boxes).abs().sum(1)
            rows = closest(torch.where(targets.boxed[matched.target], far, bce + dice), predictions.masks.shape[2])
            matched = Match(matched.query[rows], matched.target[rows])
            bce, dice, boxes, true_boxes = (item[rows] for item in (bce, dice, boxes, true_boxes))
        scores = predictions.scores.float().flatten(0, 2)
        drawn = ~targets.boxed[matched.target]
        quality = self._quality(dice, masks, truth, matched)
        losses = {
            "bce": (bce * drawn).sum() / counts.drawn,
            "dice": (dice * drawn).sum() / counts.drawn,
            "iou": ((scores[matched.query, 0] - quality).square() * drawn).sum() / counts.drawn,
            "box": F.l1_loss(boxes, true_boxes, reduction="sum") / counts.pairs,
            "giou": giou_loss(boxes, true_boxes) / counts.pairs,
        }
        if scores.shape[-1] > 1:
            losses["clicked_iou"] = _clicked_loss(predictions, targets, truth.small) / counts.clicks
        return losses, matched

    def _quality(self, dice: Tensor, masks: Tensor, truth: Truth, matched: Match) -> Tensor:
        """(R,) what the scores of the pairs should be."""
        if self.config.score_target == "iou":
            return mask_ious(masks[matched.query], truth.small[matched.target])
        return 1 - (dice if self.config.score_target == "soft-dice" else dice.detach())


def mask_losses(
    logits: Tensor, matched: Match, truth: Truth, config: CriterionConfig, rand: Rand
) -> tuple[Tensor, Tensor]:
    """(R,) binary cross-entropy and Dice loss on points, of the matched ones of (Q, h, w) logits."""
    points, rows = (config.points, config.oversample, config.importance), matched.target
    answer: tuple[Tensor, Tensor] = PointLosses.apply(  # type: ignore[no-untyped-call]
        logits, matched.query, truth.soft, rows, truth.image[rows], points, rand
    )
    return answer


def giou_loss(boxes: Tensor, truth: Tensor) -> Tensor:
    """Summed loss of (R, 4) cxcywh boxes."""
    first, second = box_convert(boxes, "cxcywh", "xyxy"), box_convert(truth, "cxcywh", "xyxy")
    out: Tensor = generalized_box_iou_loss(first, second, reduction="sum")
    return out


def _clicked_loss(predictions: Predictions, targets: Targets, small: Tensor) -> Tensor:
    """Second score against the IoU of every query's mask with the mask that was meant, summed over clicks."""
    clicked = targets.clicked
    known = (clicked >= 0) & ~targets.boxed[clicked.clamp(min=0)]
    quality = mask_ious(predictions.masks, small[clicked.clamp(min=0)][:, :, None])
    error = (predictions.scores[..., 1].float() - quality).square().mean(-1)
    return (error * known).sum()
