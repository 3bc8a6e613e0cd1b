"""Which masks of a COCO file are clicked: the sample that every ``semsam evaluate`` of one seed shares."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from semsam_annotate.api import BadInput, Mask, Vocabulary, decode_rle
from semsam_annotate.training.data import PART
from semsam_annotate.training.data.coco import masked_entries, open_coco
from semsam_annotate.training.data.entry import ImageEntry

MIN_AREA = 100
"""Smaller masks, in pixels of the image, are not ground truth: nobody clicks them on purpose."""


@dataclass(frozen=True)
class TruthMask:
    """One ground-truth mask.

    ``id``: of the annotation. ``segment``: compressed COCO RLE as pycocotools takes it. ``object``: what it is or, for
    a part, what it belongs to; ``part``: the bare part name; None where the file does not say.
    """

    id: int
    segment: dict[str, Any]
    is_part: bool
    object: str | None
    part: str | None

    def mask(self) -> Mask:
        """(H, W) bool at image resolution; BadInput when its runs are damaged."""
        try:
            return decode_rle(self.segment)
        except BadInput as error:
            raise BadInput(f"annotation {self.id}: {error}") from error


@dataclass(frozen=True)
class SampleImage:
    """One image: all its ground truth in id order, and which of it (indices) is clicked, in the order drawn.

    ``scene``: what its sequence of frames or its near-duplicates share, "" where it stands alone.
    """

    name: str
    path: Path
    height: int
    width: int
    truths: tuple[TruthMask, ...]
    chosen: tuple[int, ...]
    scene: str = ""


@dataclass(frozen=True)
class EvaluationSample:
    """The clicked images of a file in file order, and every name that the file knows; ``dataset`` tells files apart."""

    images: tuple[SampleImage, ...]
    vocabulary: Vocabulary
    seed: int
    dataset: str = ""

    def __len__(self) -> int:
        """Number of clicks."""
        return sum(len(image.chosen) for image in self.images)


def read_sample(
    annotations: Path,
    images: Path,
    images_limit: int | None = None,
    masks_limit: int | None = None,
    seed: int = 0,
    dataset: str = "",
) -> EvaluationSample:
    """Draw the sample of a COCO instance file.

    One ``default_rng(seed)``: a permutation of the images that have non-crowd masks, of which the first
    ``images_limit`` are visited in file order; for each, drawn as it is visited, a permutation of its ground truth (the
    non-crowd masks of at least 100 px, in file order), of which the first ``masks_limit`` are clicked. None: all.
    An image's file is ``images``/file_name or else ``images``/basename.

    Raises BadInput for a file that is not COCO, a limit below 1, missing image files, or nothing to click.
    """
    for name, limit in (("images", images_limit), ("masks", masks_limit)):
        if limit is not None and limit < 1:
            raise BadInput(f"the limit of {name} is at least 1, not {limit}")
    file = open_coco(annotations, images)
    entries = masked_entries(file)
    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.permutation(len(entries))[:images_limit])
    sampled = tuple(_draw(entries[index], images, masks_limit, rng) for index in drawn)
    _check(sampled, annotations, images)
    return EvaluationSample(sampled, file_vocabulary(file.vocabulary), seed, dataset)


def file_vocabulary(listed: Vocabulary) -> Vocabulary:
    """The names alone: evaluation scores every part name against all, whoever owns it."""
    return Vocabulary(listed.objects, listed.parts)


def _draw(entry: ImageEntry, folder: Path, limit: int | None, rng: np.random.Generator) -> SampleImage:
    truths = [
        TruthMask(entry.ids[index], segment, entry.kinds[index] == PART, entry.objects[index], entry.parts[index])
        for index, segment in enumerate(entry.segments)
        if not entry.box_only[index] and int(coco_mask.area(segment)) >= MIN_AREA
    ]
    picked = rng.permutation(len(truths))[:limit]
    by_id = sorted(range(len(truths)), key=lambda index: truths[index].id)
    return SampleImage(
        name=entry.path.relative_to(folder).as_posix(),
        path=entry.path,
        height=entry.height,
        width=entry.width,
        truths=tuple(truths[index] for index in by_id),
        chosen=tuple(by_id.index(index) for index in picked),
    )


def _check(images: tuple[SampleImage, ...], annotations: Path, folder: Path) -> None:
    if not any(image.chosen for image in images):
        raise BadInput(f"{annotations} has no mask of at least {MIN_AREA} px that is not a crowd: nothing to evaluate")
    missing = [image.name for image in images if image.chosen and not image.path.is_file()]
    if missing:
        raise BadInput(f"{len(missing)} of {len(images)} images are missing in {folder}, the first is {missing[0]}")
