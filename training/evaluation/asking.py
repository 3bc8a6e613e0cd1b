"""One image of a sample with its masks decoded: what is asked about it, and what the answers are worth."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from semsam_annotate.annotations import read_image
from semsam_annotate.api import BadInput, Ladder, Mask, Prompt, RgbImage, Rle
from semsam_annotate.model.innermost import innermost
from semsam_annotate.training.evaluation.rows import BOX, MERGED, ClickRow, Ious, granularities, measure
from semsam_annotate.training.evaluation.sample import SampleImage


@dataclass(frozen=True)
class AskedImage:
    """``rgb`` (H, W, 3) uint8, ``masks``: every ground truth (H, W) bool, ``ious`` (T, T) of each with each."""

    image: SampleImage
    rgb: RgbImage
    masks: list[Mask]
    ious: Ious

    @classmethod
    def read(cls, image: SampleImage) -> "AskedImage":
        """Decode the picture and its masks; BadInput when one is damaged or of another size."""
        rgb = read_image(image.path)
        if rgb.shape[:2] != (image.height, image.width):
            raise BadInput(
                f"{image.path} is {rgb.shape[1]}x{rgb.shape[0]} pixels, "
                f"its annotation says {image.width}x{image.height}"
            )
        # Decoding checks the runs; pycocotools compares unchecked ones of the wrong length for ever.
        masks = [truth.mask() for truth in image.truths]
        segments = [truth.segment for truth in image.truths]
        return cls(image, rgb, masks, mask_ious(segments, segments))

    @property
    def chosen(self) -> list[Mask]:
        """The masks that are asked for, in the order drawn."""
        return [self.masks[index] for index in self.image.chosen]

    def rows(self, kind: str, prompts: Sequence[Prompt], ladders: Sequence[Ladder]) -> list[ClickRow]:
        """One row for each chosen mask, of the ladder that its prompt got."""
        return [
            self._row(index, kind, prompt, ladder)
            for index, prompt, ladder in zip(self.image.chosen, prompts, ladders, strict=True)
        ]

    def _row(self, index: int, kind: str, prompt: Prompt, ladder: Ladder) -> ClickRow:
        """A box says which granularity is meant, so G is then the mask alone."""
        truth, click = self.image.truths[index], innermost(self.masks[index])
        group = [index] if kind == BOX else self._under(click)
        ious = mask_ious([compressed(proposal.rle) for proposal in ladder], [one.segment for one in self.image.truths])
        area = int(self.masks[index].sum())
        row = measure(self.image.name, truth, area, click, ladder, ious[:, index], ious[:, group])
        return replace(row, prompt=kind, box=prompt.box, granularity=self._place(index, group), scene=self.image.scene)

    def _under(self, click: tuple[int, int]) -> list[int]:
        """G of a click."""
        x, y = click
        return granularities([number for number, mask in enumerate(self.masks) if mask[y, x]], self.ious)

    def _place(self, index: int, group: Sequence[int]) -> int:
        """1 for the largest of G; a mask that was merged takes the place of the one it was merged with."""
        area = self.masks[index].sum()
        return 1 + sum(bool(self.masks[one].sum() > area and self.ious[one, index] <= MERGED) for one in group)


def prompts_of(kind: str, masks: Sequence[Mask]) -> list[Prompt]:
    """The first prompt for each (H, W) mask: its innermost pixel, or its tight box."""
    return [Prompt(box=tight_box(mask)) if kind == BOX else Prompt(points=[innermost(mask)]) for mask in masks]


def tight_box(mask: Mask) -> tuple[float, float, float, float]:
    """Edges (x0, y0, x1, y1) of a mask that is not empty, x1 and y1 exclusive."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def compressed(rle: Rle) -> dict[str, Any]:
    """An api RLE as pycocotools takes it."""
    return {"size": rle["size"], "counts": rle["counts"].encode("ascii")}


def mask_ious(first: Sequence[dict[str, Any]], second: Sequence[dict[str, Any]]) -> Ious:
    """(len(first), len(second)) IoU of run-length masks of one size."""
    return np.asarray(coco_mask.iou(list(first), list(second), [0] * len(second)), dtype=np.float64)
