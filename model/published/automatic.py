"""The published automatic mask generator: a grid of clicks, thresholds, box NMS, cleaning, NMS again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torchvision.ops import masks_to_boxes, nms

from semsam_annotate.api import BadInput, Mask
from semsam_annotate.api.rle import Rle, decode_rle, encode_rle, rle_area
from semsam_annotate.model.published.encoded import EncodedInput, as_prompts
from semsam_annotate.model.published.regions import clean_both

MASKS_AT_ONCE = 16
"""Masks at input resolution that are held together; changes nothing but the memory it takes."""


@dataclass(frozen=True)
class AutomaticSettings:
    """The published names and defaults.

    ``level``: granularities 1 (coarsest) … 6. ``points_per_batch``: clicks that are decoded together, and see each
    other. A threshold of 0 filters nothing. ``min_mask_region_area``: pixels; 0 cleans nothing.
    """

    points_per_side: int = 32
    points_per_batch: int = 200
    pred_iou_thresh: float = 0.88
    stability_score_thresh: float = 0.92
    stability_score_offset: float = 1.0
    level: tuple[int, ...] = (1, 2, 3, 4, 5, 6)
    box_nms_thresh: float = 0.7
    crop_nms_thresh: float = 0.7
    min_mask_region_area: int = 10

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", tuple(self.level))
        if self.points_per_side < 1 or self.points_per_batch < 1:
            raise BadInput("points_per_side and points_per_batch are at least 1")


@dataclass(frozen=True)
class AutomaticMask:
    """One mask, with the fields of the published generator.

    ``bbox``: x, y of the first pixel, then the distance to the last one, inclusive, so one less than a width and a
    height. ``point_coords``: the click (cx, cy, w, h) in 0..1 of the input. ``stability_score`` is that of the mask
    before cleaning; ``crop_box`` is always the whole input.
    """

    rle: Rle
    bbox: tuple[int, int, int, int]
    predicted_iou: float
    point_coords: tuple[float, float, float, float]
    stability_score: float
    crop_box: tuple[int, int, int, int]

    @property
    def segmentation(self) -> Mask:
        """(H, W) bool at input resolution."""
        return decode_rle(self.rle)

    @property
    def area(self) -> int:
        """Pixels of the mask."""
        return rle_area(self.rle)


def generate(image: EncodedInput, levels: Sequence[int], settings: AutomaticSettings) -> list[AutomaticMask]:
    """Everything in the image, best predicted IoU first (cleaned masks last, when there is cleaning).

    ``levels``: granularity of each query token, as the checkpoint's card has it.
    """
    unknown = [level for level in settings.level if level not in levels]
    if unknown:
        raise BadInput(f"the model has no level {unknown[0]}, its levels are {sorted(levels)}")
    tokens = [list(levels).index(level) for level in settings.level]
    batches = click_grid(settings.points_per_side).split(settings.points_per_batch)
    found = [mask for clicks in batches for mask in _good(image, clicks, tokens, settings)]
    kept = _suppressed(found, [mask.predicted_iou for mask in found], settings.box_nms_thresh)
    return _cleaned(kept, settings) if settings.min_mask_region_area > 0 else kept


def click_grid(side: int) -> Tensor:
    """(side², 4) prompts, row by row, at the centres of a grid of cells."""
    places = [(index + 0.5) / side for index in range(side)]
    return as_prompts([(x, y) for y in places for x in places])


def suppress_boxes(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    """Rows of (M, 4) boxes (x0, y0, x1, y1), best score first, that no better one overlaps by more than the IoU."""
    if not len(boxes):
        return torch.zeros(0, dtype=torch.long, device=boxes.device)
    out: Tensor = nms(boxes.float(), scores.float(), threshold)
    return out


def _good(
    image: EncodedInput, clicks: Tensor, tokens: list[int], settings: AutomaticSettings
) -> Iterator[AutomaticMask]:
    """The masks of one batch of clicks that pass both thresholds, click by click, level by level."""
    answer = image.decode(clicks)[-1]
    logits, ious = answer.masks[0][:, tokens].flatten(0, 1), answer.scores[0][:, tokens, 0].flatten()
    rows = torch.arange(len(ious))
    if settings.pred_iou_thresh > 0:
        rows = (ious > settings.pred_iou_thresh).nonzero()[:, 0].cpu()
    for start in range(0, len(rows), MASKS_AT_ONCE):
        some = rows[start : start + MASKS_AT_ONCE]
        full = image.at_input(logits[some])
        steady = _stability(full, settings.stability_score_offset)
        for row, maps, stability in zip(some.tolist(), full, steady.tolist(), strict=True):
            if stability >= settings.stability_score_thresh or settings.stability_score_thresh <= 0:
                click = clicks[row // len(tokens)].tolist()
                yield _record((maps > 0).cpu().numpy(), float(ious[row]), click, stability)


def _stability(logits: Tensor, offset: float) -> Tensor:
    """Area above ``offset`` over area above minus ``offset``; not a number where nothing is."""
    return (logits > offset).flatten(1).sum(1) / (logits > -offset).flatten(1).sum(1)


def _record(mask: Mask, iou: float, click: list[float], stability: float) -> AutomaticMask:
    height, width = mask.shape
    centre_x, centre_y, wide, high = click
    point = (centre_x, centre_y, wide, high)
    return AutomaticMask(encode_rle(mask), _bbox(mask), iou, point, stability, (0, 0, width, height))


def _bbox(mask: Mask) -> tuple[int, int, int, int]:
    """First column and row, and the distance to the last ones; zeros for an empty mask."""
    if not mask.any():
        return 0, 0, 0, 0
    x0, y0, x1, y1 = (int(edge) for edge in masks_to_boxes(torch.from_numpy(mask)[None])[0])
    return x0, y0, x1 - x0, y1 - y0


def _suppressed(masks: list[AutomaticMask], scores: list[float], threshold: float) -> list[AutomaticMask]:
    corners = np.array([mask.bbox for mask in masks], np.float32).reshape(-1, 4)
    corners[:, 2:] += corners[:, :2]
    return [masks[row] for row in suppress_boxes(torch.from_numpy(corners), torch.tensor(scores), threshold).tolist()]


def _cleaned(masks: list[AutomaticMask], settings: AutomaticSettings) -> list[AutomaticMask]:
    """Masks without small holes and islands; where boxes then coincide, those that had none go first."""
    smallest = settings.min_mask_region_area
    cleaned, untouched = [], []
    for mask in masks:
        clean, changed = clean_both(mask.segmentation, smallest, smallest)
        cleaned.append(replace(mask, rle=encode_rle(clean), bbox=_bbox(clean)))
        untouched.append(float(not changed))
    return _suppressed(cleaned, untouched, max(settings.box_nms_thresh, settings.crop_nms_thresh))
