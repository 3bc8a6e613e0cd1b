"""Masks as vectors for the prototype memory, the same whether a mask was just proposed or comes from a record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from semsam_annotate.api import BadInput, Mask, Prompt
from semsam_annotate.model.config import ModelConfig
from semsam_annotate.model.engine.loaded import LoadedModel
from semsam_annotate.model.engine.pooling import pool
from semsam_annotate.model.engine.preprocessing import MASK_STRIDE, Frame
from semsam_annotate.model.innermost import innermost
from semsam_annotate.model.mask_decoder import ImageMemory, Predictions
from semsam_annotate.model.prototypes import PLACE, MaskVectors

RECIPE = "1"
"""Of what is below: another one makes other vectors of the same model."""
SURROUNDINGS = 0.5
"""Length of the state of the coarsest query beside that of the mask's own query and of the pooled features, 1 each."""
_FURTHEST = 4.0

Rows = tuple[int | Tensor, list[int] | Tensor]
Decode = Callable[[Sequence[Prompt]], Predictions]


def vectors_version(model: LoadedModel) -> str:
    """Of the vectors: the model's and the recipe's."""
    return f"{model.version}-{RECIPE}"


def vector_length(config: ModelConfig) -> int:
    """D + PLACE of a model."""
    return config.pixel_decoder.dim * (3 + max(config.pixel_decoder.levels - 1, 1)) + PLACE


@dataclass(frozen=True)
class VectorMaker:
    """Vectors of masks in one encoded image.

    A mask looks like the state of the query that proposed it (what the class heads read), the state of that click's
    coarsest query (what the mask is in), and the image's features pooled over it. Its place is measured against the
    largest mask of the click.
    """

    model: LoadedModel
    frame: Frame
    memory: ImageMemory

    @torch.inference_mode()
    def of_proposals(self, predictions: Predictions, rows: Rows, shares: Tensor) -> MaskVectors:
        """Of masks (M, h, w), bool or shares 0..1 at stride 4; ``rows`` picks their states out of (N, K)."""
        prompts = torch.as_tensor(rows[0], device=shares.device).expand(len(shares))
        tokens = torch.as_tensor(rows[1], device=shares.device)
        states = F.normalize(predictions.state[0], dim=-1)
        surroundings = SURROUNDINGS * states[prompts, self.model.card.levels.index(1)]
        looks = torch.cat([states[prompts, tokens], surroundings, pool(self.memory, shares)], -1)
        full = predictions.masks[0] > 0
        largest = full.flatten(2).sum(-1).argmax(-1)
        place = place_in(shares.float(), full[prompts, largest[prompts]].float())
        values = torch.cat([looks.float(), place], -1).cpu().numpy()
        return MaskVectors(values, vectors_version(self.model))

    def of_masks(self, masks: Sequence[Mask], decode: Decode) -> MaskVectors:
        """Of (H, W) bool masks: as if each one's innermost pixel had been clicked and the best query had proposed it.

        BadInput for an empty mask or one of another size.
        """
        for mask in masks:
            if mask.shape != self.frame.image or mask.dtype != np.bool_:
                raise BadInput(f"a mask is bool, (height, width) {self.frame.image}, not {mask.dtype} {mask.shape}")
        predictions = decode([Prompt(points=[innermost(mask)]) for mask in masks])
        shares = torch.stack([to_grid(mask, self.frame) for mask in masks]).to(self.memory.mask_features.device)
        proposed, wanted = predictions.masks[0] > 0, (shares > 0.5 * shares.amax((1, 2), keepdim=True))[:, None]
        overlap = (proposed & wanted).sum((2, 3)) / (proposed | wanted).sum((2, 3))
        return self.of_proposals(predictions, (torch.arange(len(masks)), overlap.argmax(1)), shares)


def to_grid(mask: Mask, frame: Frame) -> Tensor:
    """(h, w) shares 0..1 of a mask (H, W) at stride 4 of the padded input."""
    rows, columns = (max(1, round(side / MASK_STRIDE)) for side in frame.input)
    high, wide = (side // MASK_STRIDE for side in frame.padded)
    shares = F.adaptive_avg_pool2d(torch.from_numpy(mask)[None, None].float(), (rows, columns))[0, 0]
    return F.pad(shares, (0, wide - columns, 0, high - rows))


def place_in(masks: Tensor, around: Tensor) -> Tensor:
    """(M, PLACE) of masks in the masks around them, both (M, h, w).

    Offset (x, y) in standard deviations of the mask around, log of the relative length, log of the aspect, tilt; each
    within -4 to 4, so that nothing outweighs all.
    """
    area, x, y, xx, yy, xy = _moments(masks)
    whole, across, down, wide, high, _ = _moments(around)
    numbers = [
        (x - across) / wide.sqrt(),
        (y - down) / high.sqrt(),
        0.5 * (area / whole).log(),
        0.5 * (xx / yy).log(),
        xy / (xx * yy).sqrt(),
    ]
    return torch.stack(numbers, -1).clamp(-_FURTHEST, _FURTHEST)


def _moments(masks: Tensor) -> tuple[Tensor, ...]:
    """Area, centre (x, y) and variances (xx, yy, xy) of (M, h, w) masks in cells; a cell has its own variance."""
    area = masks.flatten(1).sum(1).clamp(min=1e-3)
    columns = torch.arange(masks.shape[2], device=masks.device, dtype=torch.float32)
    rows = torch.arange(masks.shape[1], device=masks.device, dtype=torch.float32)
    by_column, by_row = masks.sum(1), masks.sum(2)
    x, y = by_column @ columns / area, by_row @ rows / area
    xx = by_column @ columns.square() / area - x.square()
    yy = by_row @ rows.square() / area - y.square()
    xy = torch.einsum("mhw,h,w->m", masks, rows, columns) / area - x * y
    return area, x, y, xx.clamp(min=0) + 1 / 12, yy.clamp(min=0) + 1 / 12, xy
