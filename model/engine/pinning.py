"""Masks held to clicks: what is known at a few pixels is carried to the pixels around that look alike."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from semsam_annotate.model.engine.clicks import Click
from semsam_annotate.model.engine.preprocessing import Frame

REACH = 0.1
"""Standard deviation of a click's influence, relative to the longer side of the mask grid."""
LOOKS = 0.5
"""Scale on which 1 - cosine of two pixels' features lowers that influence."""
MARGIN = 2.0
"""Logit that a pinned pixel has at least."""
NOISE = 1e-3


def pinned(logits: Tensor, features: Tensor, pins: Sequence[Click], frame: Frame) -> Tensor:
    """(K, h, w) logits on the mask grid, changed where they contradict a pin, and around it.

    ``features`` (dim, h, w) mask features. The residual that each pin asks for, none where it already holds, is
    interpolated by a Gaussian process (kriging): the kernel is a Gaussian of the distance times
    exp((cosine - 1) / LOOKS) of the features, so pins that hold keep their surroundings and a change ends where the
    image does. Pins that contradict each other at one place cancel out.
    """
    if not pins:
        return logits
    cells, shares = _corners(pins, frame, features)
    signs = logits.new_tensor([1.0 if pin.label else -1.0 for pin in pins])
    found = (logits.flatten(1).float()[:, cells] * shares).sum(-1)
    residual = signs * (signs * found).clamp(min=MARGIN) - found
    if not residual.any():
        return logits
    rows = _kernel(features, cells, shares)
    within = (rows[:, cells] * shares).sum(-1)
    weights = torch.linalg.solve(within + NOISE * torch.eye(len(pins), device=rows.device), residual.T)
    changed: Tensor = logits + (weights.T @ rows).view_as(logits).to(logits.dtype)
    return changed


def contradictions(logits: Tensor, pins: Sequence[Click], frame: Frame) -> Tensor:
    """(K,) share of the pins, 0..1, that lie on the wrong side of each of (K, h, w) logits."""
    if not pins:
        return logits.new_zeros(len(logits))
    cells, shares = _corners(pins, frame, logits)
    belongs = torch.tensor([bool(pin.label) for pin in pins], device=logits.device)
    return (((logits.flatten(1).float()[:, cells] * shares).sum(-1) > 0) != belongs).float().mean(-1)


def _corners(pins: Sequence[Click], frame: Frame, maps: Tensor) -> tuple[Tensor, Tensor]:
    """(N, 4) flat cells around each pin and their bilinear shares, as masks are enlarged to the image."""
    height, width = maps.shape[-2:]
    places = maps.new_tensor([frame.to_padded(pin.x + 0.5, pin.y + 0.5) for pin in pins], dtype=torch.float64)
    edge = places.new_tensor([frame.input[1] / 4 - 1, frame.input[0] / 4 - 1]).clamp(min=0)
    place = torch.minimum((places * places.new_tensor([width, height]) - 0.5).clamp(min=0), edge)
    low = place.floor().long()
    high = torch.minimum(low + 1, low.new_tensor([width - 1, height - 1]))
    (x, y), (x0, y0), (x1, y1) = (place - low).unbind(-1), low.unbind(-1), high.unbind(-1)
    cells = torch.stack([y0 * width + x0, y0 * width + x1, y1 * width + x0, y1 * width + x1], -1)
    shares = torch.stack([(1 - y) * (1 - x), (1 - y) * x, y * (1 - x), y * x], -1)
    return cells, shares.float()


def _kernel(features: Tensor, cells: Tensor, shares: Tensor) -> Tensor:
    """(N, h * w) covariance of each pin, a weighted mean of its four cells, with every cell."""
    height, width = features.shape[-2:]
    looks = F.normalize(features.flatten(1).float(), dim=0)
    flat = cells.flatten()
    index = torch.arange(height * width, device=features.device)
    places = torch.stack([index % width, index // width], -1).float() / max(height, width)
    away = torch.cdist(places[flat], places).square()
    covariance = torch.exp(-away / (2 * REACH**2) + (looks[:, flat].T @ looks - 1) / LOOKS)
    return (covariance.view(*cells.shape, -1) * shares[..., None]).sum(1)
