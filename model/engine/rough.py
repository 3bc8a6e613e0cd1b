"""Rough masks: on the grid of the network, as logits, and their innermost pixel."""

import torch
from torch import Tensor
from torch.nn import functional as F

from semsam_annotate.api import Mask
from semsam_annotate.model.engine.preprocessing import MASK_STRIDE, Frame

SURE = 0.98
"""Probability of a cell that a rough mask covers wholly: it may be wrong."""


def grid_shares(mask: Mask, frame: Frame) -> Tensor:
    """(h, w) share, 0..1, of every cell of the padded mask grid that a (H, W) bool mask of the image covers."""
    rows, columns = (-(-side // MASK_STRIDE) for side in frame.input)
    high, wide = (side // MASK_STRIDE for side in frame.padded)
    small = F.interpolate(torch.from_numpy(mask)[None, None].float(), (rows, columns), mode="area")[0, 0]
    return F.pad(small, (0, wide - columns, 0, high - rows))


def covered(shares: Tensor) -> Tensor:
    """(…, h, w) bool: the cells that a mask fills at least half as well as its best cell; never empty for a mask."""
    most = shares.amax((-2, -1), keepdim=True)
    return (shares >= most / 2) & (most > 0)


def rough_logits(shares: Tensor) -> Tensor:
    """Logits of shares, bounded by those of ``SURE``."""
    return shares.clamp(1 - SURE, SURE).logit()
