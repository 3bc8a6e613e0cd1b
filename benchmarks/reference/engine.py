"""A click and a whole image, as the published demo answers them."""

from typing import Any

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import label
from torch import Tensor
from torch.nn import functional as F
from torchvision.ops import nms

from reference.decoder import decode
from reference.image import pixel_decoder, swin
from semsam_annotate.api import Mask, RgbImage

Encoded = tuple[tuple[Tensor, list[Tensor]], tuple[int, int], tuple[int, int]]

POINT, SMALLEST = 0.005, 100
QUALITY, STABILITY, SAME_BOX = 0.6, 0.6, 0.7
AT_ONCE = 64
"""The published demo takes 200, which needs several gigabytes for its full-size masks."""


class Reference:
    """Works on one of our published-size networks."""

    def __init__(self, network: Any, side: int = 640) -> None:
        self.network, self.side = network, side

    @torch.inference_mode()
    def encode(self, rgb: RgbImage) -> Encoded:
        """Features of an image, its size before and after the resize."""
        height, width = rgb.shape[:2]
        scale = self.side / min(height, width)
        size = (self.side, int(width * scale)) if height <= width else (int(height * scale), self.side)
        resized = np.asarray(Image.fromarray(rgb).resize(size[::-1], Image.Resampling.BICUBIC))
        pixels = torch.from_numpy(resized.copy()).permute(2, 0, 1)[None].float()
        pixels = (pixels - self.network.mean) / self.network.std
        pixels = F.pad(pixels, (0, -size[1] % 32, 0, -size[0] % 32))
        return (
            pixel_decoder(self.network.pixel_decoder, swin(self.network.image_encoder, pixels)),
            size,
            (height, width),
        )

    @torch.inference_mode()
    def click(self, encoded: Encoded, x: float, y: float, names: Tensor) -> list[tuple[Mask, float, list[Tensor]]]:
        """Six cleaned masks at the image's size, with their scores and the shares of ``names`` (V, text_dim)."""
        masks, scores, states = self._answer(encoded, [(x, y)])
        masks = [clean(mask) for mask in self._full(encoded, masks) > 0]
        order = scores[0].argsort(descending=True).tolist()
        kept = []
        for index in order:
            if all(iou(masks[index], masks[other]) <= 0.95 for other in kept):
                kept.append(index)
        heads = self.network.class_heads
        shares = [heads.with_null(states, names, part).softmax(-1) for part in (False, True)]
        return [(masks[index], float(scores[0, index]), [share[index] for share in shares]) for index in kept]

    @torch.inference_mode()
    def auto(self, encoded: Encoded, side: int = 16) -> list[Mask]:
        """Masks of a grid of clicks that pass the thresholds, duplicates dropped by their boxes."""
        height, width = encoded[2]
        grid = [((i + 0.5) * width / side, (j + 0.5) * height / side) for j in range(side) for i in range(side)]
        kept, boxes, qualities = [], [], []
        for start in range(0, len(grid), AT_ONCE):
            masks, scores, _ = self._answer(encoded, grid[start : start + AT_ONCE])
            full, quality = self._full(encoded, masks), scores.flatten()
            steady = (full > 1).flatten(1).sum(1) / (full > -1).flatten(1).sum(1).clamp(min=1)
            good = (quality > QUALITY) & (steady >= STABILITY) & (full > 0).flatten(1).any(1)
            for row in good.nonzero().flatten().tolist():
                mask = (full[row] > 0).numpy()
                kept.append(np.packbits(mask))
                boxes.append(box_of(mask))
                qualities.append(float(quality[row]))
        chosen = nms(torch.tensor(boxes), torch.tensor(qualities), SAME_BOX).tolist()
        size = height * width
        return [clean(np.unpackbits(kept[row], count=size).reshape(height, width).astype(bool)) for row in chosen]

    def _answer(self, encoded: Encoded, points: list[tuple[float, float]]) -> tuple[Tensor, Tensor, Tensor]:
        (mask_features, levels), size, (height, width) = encoded
        high, wide = mask_features.shape[-2] * 4, mask_features.shape[-1] * 4
        share = (size[1] / wide, size[0] / high)
        boxes = [
            ((x + 0.5) / width * share[0], (y + 0.5) / height * share[1], POINT * share[0], POINT * share[1])
            for x, y in points
        ]
        layers = decode(self.network.mask_decoder, mask_features, levels, torch.tensor(boxes))
        masks, scores, _, states = layers[-1]
        return masks, scores, states

    def _full(self, encoded: Encoded, masks: Tensor) -> Tensor:
        """To the padded input, cropped, to the input (nothing changes, as published), to the image."""
        (mask_features, _), size, image = encoded
        high, wide = mask_features.shape[-2] * 4, mask_features.shape[-1] * 4
        full = F.interpolate(masks[None], (high, wide), mode="bilinear", align_corners=False)[..., : size[0], : size[1]]
        if size != image:
            full = F.interpolate(full, image, mode="bilinear", align_corners=False)
        return full[0]


def clean(mask: Mask) -> Mask:
    """Fill holes, then drop islands, below 100 pixels; the whole picture is searched."""
    mask = np.asarray(mask)
    for fill in (True, False):
        regions, count = label(mask ^ fill, np.ones((3, 3)))
        sizes = np.bincount(regions.ravel(), minlength=count + 1)
        small = sizes < SMALLEST
        small[0] = False
        if not fill and count and small[1:].all():
            small[1 + sizes[1:].argmax()] = False
        mask = mask | small[regions] if fill else mask & ~small[regions]
    return mask


def iou(first: Mask, second: Mask) -> float:
    joint, union = (first & second).sum(), (first | second).sum()
    return joint / union if union else 1.0


def box_of(mask: Mask) -> list[float]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return [float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)]
