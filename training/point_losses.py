"""Cross-entropy and Dice of masks on points, with gradients, a few masks at a time.

Over all pairs of a layer the points fill hundreds of megabytes of fresh memory, and touching it takes longer than the
arithmetic. So everything of a few masks is done while it is in the processor's cache, forwards and backwards; between
the two only the points and the truth at them stay, as 16-bit fractions.
"""

from typing import Any

import torch
from torch import Tensor

from semsam_annotate.training.points import BITS, Rand, sample_points, sample_rows, spread, uncertain_points

ROWS_AT_ONCE = 16
"""On processors, for their cache; other devices take all masks of an image at once."""

STEPS = 1 << BITS
"""Of a fraction of a side, below 1; of the truth at a point, which may be 1, one less."""


class PointLosses(torch.autograd.Function):
    """(R,) cross-entropy, mean over points, and (R,) Dice loss, smoothed by one (MaskFormer, equation 2).

    Of ``logits`` (Q, h, w), the ``queries`` (R,) of them, against ``truth`` (M, H, W), the masks ``rows`` (R,) of it,
    on ``points`` = (count, oversample, importance) points of ``uncertain_points``; ``image`` (R,): whose image each
    mask is of, ascending. No query comes twice.
    """

    @staticmethod
    def forward(
        ctx: Any,
        logits: Tensor,
        queries: Tensor,
        truth: Tensor,
        rows: Tensor,
        image: Tensor,
        points: tuple[int, float, float],
        rand: Rand,
    ) -> tuple[Tensor, Tensor]:
        """Block after block."""
        kept = torch.empty(len(queries), points[0], 3, dtype=torch.uint16, device=logits.device)
        bce, dice = logits.new_empty(2, len(queries))
        for some in _blocks(image):
            mine = logits[queries[some]]
            places = uncertain_points(mine, *points, rand, image[some]).mul_(STEPS).floor_().div_(STEPS)
            wanted = sample_rows(truth, rows[some], places)
            bce[some], dice[some] = _values(sample_points(mine, places), wanted)
            kept[some, :, :2] = (places * STEPS).to(torch.uint16)
            kept[some, :, 2] = (wanted * (STEPS - 1)).round_().to(torch.uint16)
        ctx.save_for_backward(logits, queries, image, kept)
        return bce, dice

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        """Gradient of the logits alone."""
        logits, queries, image, kept = ctx.saved_tensors
        out = torch.zeros_like(logits)
        for some in _blocks(image):
            mine = logits[queries[some]]
            places = kept[some, :, :2].to(logits.dtype).div_(STEPS)
            wanted = kept[some, :, 2].to(logits.dtype).div_(STEPS - 1)
            slopes = _slopes(sample_points(mine, places), wanted, outer[0][some], outer[1][some])
            out[queries[some]] = spread(slopes, places, mine)
        return out, None, None, None, None, None, None


def _values(logits: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """(r,) cross-entropy and Dice loss of (r, P) samples."""
    # log1p and softplus are not vectorised on CPUs; what log loses here lies below the rounding of the sum.
    rest = logits.abs().neg_().exp_().add_(1).log_()
    bce = (rest + logits.clamp(min=0) - logits * wanted).mean(1)
    shares = logits.sigmoid()
    joint, total = (shares * wanted).sum(1), shares.sum(1) + wanted.sum(1)
    return bce, 1 - (2 * joint + 1) / (total + 1)


def _slopes(logits: Tensor, wanted: Tensor, bce: Tensor, dice: Tensor) -> Tensor:
    """(r, P) gradient of the samples, from those (r,) of the two losses."""
    shares = logits.sigmoid()
    joint, total = (shares * wanted).sum(1), shares.sum(1) + wanted.sum(1)
    constant, of_wanted = dice * (2 * joint + 1) / (total + 1) ** 2, -2 * dice / (total + 1)
    curve = shares * (1 - shares)
    slopes = curve.mul_(torch.addcmul(constant[:, None], of_wanted[:, None], wanted))
    return slopes.addcmul_(shares - wanted, (bce / logits.shape[1])[:, None])


def _blocks(image: Tensor) -> list[slice]:
    """Rows to work off together, never of two images: random numbers of an image do not depend on the others."""
    most = ROWS_AT_ONCE if image.device.type == "cpu" else max(1, len(image))
    ends = torch.bincount(image).cumsum(0).tolist()
    spans = zip([0, *ends], ends, strict=False)
    return [slice(at, min(at + most, end)) for start, end in spans for at in range(start, end, most)]
