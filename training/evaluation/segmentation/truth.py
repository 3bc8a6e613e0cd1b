"""What a file says about whole images: every mask with its names, for measuring segmentation without prompts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import Segmentation, segments_of
from semsam_annotate.training.data.coco import (
    ImageEntry,
    decode_segments,
    index_content,
    read_content,
    split_category,
)
from semsam_annotate.training.data.record import OBJECT


@dataclass(frozen=True)
class TruthInstance:
    """One annotation: ``segment``, compressed COCO RLE; names as in ``TruthMask``; ``crowd``: a region of many."""

    segment: dict[str, Any]
    kind: int
    object: str | None
    part: str | None
    crowd: bool = False


@dataclass(frozen=True)
class TruthImage:
    """All annotations of one image. What is known of names that it does not show, as in LVIS and PACO:

    ``absent``: names, objects or parts ``object:part``, that were looked for and are not there; None when everything
    that is there was drawn. ``unfinished``: names of which there may be more than was drawn.
    """

    path: Path
    height: int
    width: int
    instances: tuple[TruthInstance, ...]
    absent: frozenset[str] | None = None
    unfinished: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SegmentTruth:
    """The images of a file, and its object names that are stuff: not countable (``isthing`` 0 on all annotations)."""

    images: tuple[TruthImage, ...]
    stuff: frozenset[str] = frozenset()


def read_truth(annotations: Path, images: Path, wanted: Iterable[Path]) -> SegmentTruth:
    """The truth of the ``wanted`` image files, crowds and small masks included; BadInput when the file is not COCO."""
    content = read_content(annotations)
    names = {int(row["id"]): full_name(*split_category(row)[1:]) for row in content["categories"]}
    crowds = {row.get("id") for row in content["annotations"] if row.get("iscrowd")}
    uncrowded = [{**row, "iscrowd": 0} for row in content["annotations"]]
    entries = index_content({**content, "annotations": uncrowded}, annotations, images)
    listed = {Path(str(row["file_name"])).name: row for row in content["images"]}
    paths = set(wanted)
    kept = tuple(_image(entry, crowds, listed[entry.path.name], names) for entry in entries if entry.path in paths)
    return SegmentTruth(kept, _stuff(content["annotations"], names))


def full_name(object: str | None, part: str | None) -> str:
    """``object``, ``object:part``, or the bare part where nothing says whose it is; empty without any name."""
    return ":".join(name for name in (object, part) if name)


def truth_map(masks: NDArray[np.bool_], names: Iterable[str]) -> Segmentation:
    """A label map of (N, H, W) masks and their names; later masks lie over earlier ones, hidden ones get no segment."""
    labels = np.zeros(masks.shape[1:], np.int32)
    listed = list(names)
    for number, mask in enumerate(masks, start=1):
        labels[mask] = number
    seen = set(np.unique(labels).tolist())
    found = [(number, name, 1.0) for number, name in enumerate(listed, start=1) if number in seen]
    return Segmentation(labels, segments_of(labels, found))


def object_map(image: TruthImage) -> Segmentation:
    """The named objects of an image, small over large; what has no name, or is a crowd, belongs to nobody (0)."""
    chosen = [one for one in image.instances if one.kind == OBJECT and one.object and not one.crowd]
    masks = decode_segments([one.segment for one in chosen], image.height, image.width)
    order = np.argsort(-masks.sum(axis=(1, 2)), kind="stable")
    return truth_map(masks[order], [str(chosen[index].object) for index in order])


def _image(entry: ImageEntry, crowds: set[Any], row: dict[str, Any], names: dict[int, str]) -> TruthImage:
    instances = tuple(
        TruthInstance(segment, kind, object, part, number in crowds)
        for segment, kind, object, part, number in zip(
            entry.segments, entry.kinds, entry.objects, entry.parts, entry.ids, strict=True
        )
    )
    absent = row.get("neg_category_ids")
    return TruthImage(
        entry.path,
        entry.height,
        entry.width,
        instances,
        None if absent is None else _named(absent, names),
        _named(row.get("not_exhaustive_category_ids") or (), names),
    )


def _named(ids: Iterable[Any], names: dict[int, str]) -> frozenset[str]:
    return frozenset(names[int(number)] for number in ids if int(number) in names)


def _stuff(rows: Sequence[dict[str, Any]], names: dict[int, str]) -> frozenset[str]:
    things = {names[int(row["category_id"])] for row in rows if row.get("isthing", 1)}
    return frozenset(names[int(row["category_id"])] for row in rows if not row.get("isthing", 1)) - things
