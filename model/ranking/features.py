"""What tells which rung is meant: the network's own scores, shape, place of the click in it, likeness of the rungs.

People point at the middle of what they mean, so a mask in whose middle the click lies is more likely the one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_cdt

Floats = NDArray[np.float32]
SCORED, SHAPED, RELATED = 7, 11, 5
ALIKE = 0.7
"""Rungs with a larger IoU speak for each other."""
EDGE = 1e-3


@dataclass(frozen=True)
class Rungs:
    """K candidates for one click, those of the T query tokens first, then the regions.

    ``masks`` (K, h, w) bool on the mask grid, without its padding; ``quality`` (K, 2) IoU predicted with the matched
    and with the clicked mask, zeros for regions; ``stability`` (K,); ``part`` (K,) logit, zeros for regions;
    ``wrong`` (K,) share of the clicks on the wrong side; ``click`` (x, y) of the first click in cells; ``clicks`` how
    many there are.
    """

    masks: NDArray[np.bool_]
    tokens: int
    quality: Floats
    stability: Floats
    part: Floats
    wrong: Floats
    click: tuple[float, float]
    clicks: int


def feature_count(tokens: int, regions: int) -> int:
    """Features of a rung."""
    return SCORED + SHAPED + RELATED + tokens + (tokens + regions)


def rung_features(rungs: Rungs) -> tuple[Floats, Floats]:
    """(K, C) features, and the (K, K) IoU of the rungs with each other."""
    flat = rungs.masks.reshape(len(rungs.masks), -1).astype(np.float32)
    joint = flat @ flat.T
    area = np.diagonal(joint)
    ious = joint / np.maximum(area[:, None] + area[None] - joint, 1)
    groups = (_scored(rungs), _shaped(rungs, area), _related(rungs, ious), np.eye(len(flat), dtype=np.float32))
    return np.concatenate(groups, 1).astype(np.float32), ious


def _scored(rungs: Rungs) -> Floats:
    """What the network says of its masks."""
    meant = np.clip(rungs.quality[:, 1], EDGE, 1 - EDGE)
    ours = np.arange(len(rungs.masks)) < rungs.tokens
    logit = np.where(ours, np.log(meant / (1 - meant)), 0)
    several = np.full(len(ours), float(rungs.clicks > 1))
    columns = (rungs.quality[:, 0], rungs.quality[:, 1], logit, rungs.stability, rungs.part, rungs.wrong, several)
    return np.stack(columns, 1).astype(np.float32)


def _shaped(rungs: Rungs, area: Floats) -> Floats:
    """Size and form of each mask, and how deep the click lies in it."""
    masks, (x, y) = rungs.masks, rungs.click
    count, height, width = masks.shape
    column, row = min(max(int(x), 0), width - 1), min(max(int(y), 0), height - 1)
    depth = _depth(masks)
    deepest = depth.reshape(count, -1)
    most, place = np.maximum(deepest.max(1), 1), deepest.argmax(1)
    here, side = depth[:, row, column], np.sqrt(np.maximum(area, 1))
    away = np.hypot(place % width - column, place // width - row)
    rows, columns = masks.sum(2, dtype=np.float32), masks.sum(1, dtype=np.float32)
    whole = np.maximum(area, 1)
    off = np.hypot(columns @ np.arange(width) / whole - column, rows @ np.arange(height) / whole - row)
    box = np.maximum((rows > 0).sum(1) * (columns > 0).sum(1), 1)
    edge = masks[:, 0].sum(1) + masks[:, -1].sum(1) + masks[:, :, 0].sum(1) + masks[:, :, -1].sum(1)
    share = np.log(whole / (height * width))
    found = (share, share**2, here / most, (here / most) ** 2, away / most, here / side, most / side, off / side)
    return np.stack([*found, whole / box, edge / side, side / max(height, width)], 1).astype(np.float32)


def _depth(masks: NDArray[np.bool_]) -> Floats:
    """(K, h, w) chessboard distance to what is not mask; the image's border counts as such. One call for all masks."""
    framed = np.pad(masks, ((0, 0), (1, 1), (1, 1)))
    tall = distance_transform_cdt(framed.reshape(-1, framed.shape[-1]), "chessboard")
    depth: Floats = tall.reshape(framed.shape)[:, 1:-1, 1:-1].astype(np.float32)
    return depth


def _related(rungs: Rungs, ious: Floats) -> Floats:
    """How each rung lies to the others: to the one the network thinks is meant, to its tokens, to all."""
    tokens, meant = rungs.tokens, np.clip(rungs.quality[: rungs.tokens, 1], 0, 1)
    others = ious * (1 - np.eye(len(ious), dtype=np.float32))
    near = others[:, :tokens]
    spoken = np.where(near > ALIKE, meant, 0).max(1)
    found = (ious[:, int(meant.argmax())], near.max(1), near @ meant, spoken, ious.mean(1))
    return np.concatenate([np.stack(found, 1), np.sort(near, 1)], 1).astype(np.float32)
