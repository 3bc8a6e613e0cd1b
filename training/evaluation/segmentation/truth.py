"""What a file says about whole images: every mask with its names, for measuring segmentation without prompts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import Segmentation, segments_of
from semsam_annotate.training.data.coco import open_coco
from semsam_annotate.training.data.readers.by_source import source_of
from semsam_annotate.training.data.readers.coco import CocoSet
from semsam_annotate.training.data.record import OBJECT
from semsam_annotate.training.data.segments import Segment, Unusable, decode_segments, read_segment


@dataclass(frozen=True)
class TruthInstance:
    """One annotation: ``segment``, compressed COCO RLE; names as in ``TruthMask``.

    ``crowd``: a region of many, or of one whose mask nobody drew.
    """

    segment: Segment
    kind: int
    object: str | None
    part: str | None
    crowd: bool = False


@dataclass(frozen=True)
class TruthImage:
    """All annotations of one image. What is known of names that it does not show, as in LVIS and PACO:

    ``absent``: names, objects or parts ``object:part``, that were looked for and are not there, or, of the images of a
    merged file, all that their source draws; None when everything that is there was drawn. ``unfinished``: names of
    which there may be more than was drawn.
    """

    path: Path
    height: int
    width: int
    instances: tuple[TruthInstance, ...]
    absent: frozenset[str] | None = None
    unfinished: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SegmentTruth:
    """The images of a file, and their object names that are stuff: not countable (``isthing`` 0 on all annotations)."""

    images: tuple[TruthImage, ...]
    stuff: frozenset[str] = frozenset()


def read_truth(annotations: Path, images: Path, wanted: Iterable[Path]) -> SegmentTruth:
    """The truth of the ``wanted`` image files, crowds and small masks included; BadInput when the file is not COCO."""
    file, paths = open_coco(annotations, images), set(wanted)
    likely, found, marks = {path.name for path in paths}, [], []
    for index in range(len(file)):
        row, rows = file.index.rows(index)
        if Path(str(row.get("file_name", ""))).name in likely:
            image = _image(file, index, row, rows)
            if image.path in paths and image.instances:
                found.append(image)
                marks += [(_name(file, one.get("category_id")), one.get("isthing", 1)) for one in rows]
    things = {name for name, countable in marks if countable}
    return SegmentTruth(tuple(found), frozenset(name for name, countable in marks if not countable) - things)


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


def _image(file: CocoSet, index: int, row: dict[str, Any], rows: Sequence[Any]) -> TruthImage:
    entry = file.entry(index)
    drawn = zip(entry.segments, entry.kinds, entry.objects, entry.parts, entry.box_only, strict=True)
    crowds = [one for one in rows if one.get("iscrowd") and one.get("category_id") in file.categories]
    absent = row.get("neg_category_ids")
    if absent is None and source_of(row):
        absent = file.drawn_in(row, rows)
    return TruthImage(
        path=entry.path,
        height=entry.height,
        width=entry.width,
        instances=(*(TruthInstance(*one) for one in drawn), *_crowds(file, crowds, entry.height, entry.width)),
        absent=None if absent is None else _named(file, absent),
        unfinished=_named(file, row.get("not_exhaustive_category_ids") or ()),
    )


def _crowds(file: CocoSet, rows: Sequence[dict[str, Any]], height: int, width: int) -> list[TruthInstance]:
    """Regions of many; one whose mask is damaged hides nothing."""
    found = []
    for row in rows:
        try:
            segment, _ = read_segment(row.get("segmentation"), height, width)
        except Unusable:
            continue
        found.append(TruthInstance(segment, *file.categories[row["category_id"]], crowd=True))
    return found


def _named(file: CocoSet, ids: Iterable[Any]) -> frozenset[str]:
    return frozenset(_name(file, number) for number in ids) - {""}


def _name(file: CocoSet, number: Any) -> str:
    category = file.categories.get(number)
    return "" if category is None else full_name(category.object, category.part)
