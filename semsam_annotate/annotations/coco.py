"""Writing COCO instances: objects and parts in one file, masks as RLE, what COCO has no field for under ``semsam``."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pycocotools import mask as coco_mask

from semsam_annotate.annotations.categories import UNLABELLED, Category, category_rows
from semsam_annotate.annotations.hierarchy import Node, object_of
from semsam_annotate.annotations.json_file import write_json_rows
from semsam_annotate.annotations.outgoing import Light, Outgoing, image_batches
from semsam_annotate.annotations.record import Annotation, ImageRef, Plane
from semsam_annotate.annotations.splits import Split
from semsam_annotate.api import Rle, Vocabulary, rle_area

Frame = tuple[str, Plane]
"""A COCO image is one plane of an image: (sha256, plane)."""

_ELSEWHERE = ("image", "mask", "status", "split", "group", "plane")
"""Fields of a record that the file holds outside ``semsam``."""


class CocoScheme:
    """What COCO has no rule for: names of categories, and what each row holds beside COCO's own fields."""

    def category(self, record: Node, by_id: Mapping[str, Node]) -> Category | None:
        """Category of a record, None where it is left out; ``by_id``: the accepted records of its image.

        Named by the object above, which may have another name since.
        """
        return category_of(record, (object_of(record, by_id) or record).object)

    def image_fields(self) -> dict[str, Any]:
        """Of every image."""
        return {}

    def annotation_fields(
        self, record: Annotation, by_id: Mapping[str, Annotation], ids: Mapping[str, int]
    ) -> dict[str, Any]:
        """Of a record; ``ids``: numbers in the file of what is kept of its image."""
        return {}

    def category_fields(self, category: Category, images: int, instances: int) -> dict[str, Any]:
        """Of a category that has so many instances in so many images."""
        return {}

    def members(self, categories: Iterable[Category]) -> list[tuple[str, Any]]:
        """Of the file."""
        return []


def category_of(record: Annotation | Light, object: str | None) -> Category:
    """Category of a record whose object is called ``object``."""
    if record.kind == "object":
        return Category(object or UNLABELLED)
    return Category(object or UNLABELLED, record.part or UNLABELLED)


@dataclass
class Plan:
    """What the file will hold, known before its first mask: rows of images and categories, and how many masks."""

    frames: dict[Frame, dict[str, Any]] = field(default_factory=dict)
    instances: Counter[Category] = field(default_factory=Counter)
    seen_in: Counter[Category] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    left_out: int = 0


def plan(outgoing: Outgoing, scheme: CocoScheme, progress: Callable[[int], None], seen: bool = True) -> Plan:
    """Go through the records' names; ``progress`` is told every few images how many were passed.

    ``seen``: the images are named by their pixels, so that the file may say it.
    """
    refs = {ref.sha256: ref for ref in outgoing.images}
    names = outgoing.names
    found = Plan()
    for batch in image_batches(sorted(refs, key=lambda sha: (names[sha], sha))):
        by_image: dict[str, list[Light]] = {sha: [] for sha in batch}
        for row in outgoing.light(batch):
            by_image[row.sha256].append(row)
        for sha, rows in by_image.items():
            for plane in _count(found, rows, scheme) or [()]:
                number, split = len(found.frames) + 1, outgoing.splits.get(sha)
                own = _image_row(number, refs[sha], names[sha], plane, split, seen)
                found.frames[sha, plane] = {**own, **scheme.image_fields()}
        progress(len(batch))
    return found


def _count(found: Plan, rows: Sequence[Light], scheme: CocoScheme) -> list[Plane]:
    """Take in the records of an image; the planes they lie in."""
    by_id = {row.id: row for row in rows}
    named = [(row, scheme.category(row, by_id)) for row in rows]
    kept = [(row, category) for row, category in named if category is not None]
    found.left_out += len(rows) - len(kept)
    found.kinds.update(row.kind for row, _ in kept)
    found.instances.update(category for _, category in kept)
    found.seen_in.update(category for _, category in {(row.plane, category) for row, category in kept})
    return sorted({row.plane for row, _ in kept})


def write_coco(
    path: Path,
    outgoing: Outgoing,
    planned: Plan,
    scheme: CocoScheme,
    vocabulary: Vocabulary,
    progress: Callable[[int], None],
) -> None:
    """Write the file, a few images at a time. Ids from 1; the same content always in the same order."""
    categories = category_rows(planned.instances, vocabulary.objects)
    for category, row in categories.items():
        row.update(scheme.category_fields(category, planned.seen_in[category], planned.instances[category]))
    members = [
        ("info", {"description": "semsam-annotate: objects and their parts"}),
        ("licenses", []),
        ("images", iter(planned.frames.values())),
        ("categories", iter(categories.values())),
        ("annotations", _annotation_rows(outgoing, planned, scheme, categories, progress)),
    ]
    write_json_rows(path, [*members, *scheme.members(planned.instances)])


def _annotation_rows(
    outgoing: Outgoing,
    planned: Plan,
    scheme: CocoScheme,
    categories: Mapping[Category, dict[str, Any]],
    progress: Callable[[int], None],
) -> Iterator[dict[str, Any]]:
    first = 1
    for batch in image_batches(dict.fromkeys(sha for sha, _ in planned.frames)):
        by_image: dict[str, list[Annotation]] = {sha: [] for sha in batch}
        for record in outgoing.records(batch):
            by_image[record.image.sha256].append(record)
        for records in by_image.values():
            by_id = {record.id: record for record in records}
            named = ((record, scheme.category(record, by_id)) for record in records)
            kept = [(record, category) for record, category in named if category is not None]
            kept.sort(key=lambda pair: (pair[0].plane, pair[0].time, pair[0].id))
            ids = {record.id: number for number, (record, _) in enumerate(kept, start=first)}
            first += len(kept)
            for record, category in kept:
                row = annotation_row(record, ids, planned.frames[_frame(record)]["id"], categories[category]["id"])
                yield {**row, **scheme.annotation_fields(record, by_id, ids)}
        progress(len(batch))


def annotation_row(record: Annotation, ids: Mapping[str, int], image_id: int, category_id: int) -> dict[str, Any]:
    """One entry of ``annotations``; ``part_of`` is the id of the direct parent in the file, or null."""
    parent = ids.get(record.part_of or "")
    return {
        "id": ids[record.id],
        "image_id": image_id,
        "category_id": category_id,
        "bbox": bbox(record.mask),
        "area": rle_area(record.mask),
        "iscrowd": 0,
        "part_of": parent,
        "segmentation": {"size": list(record.mask["size"]), "counts": record.mask["counts"]},
        "semsam": _semsam(record, parent is not None),
    }


def bbox(rle: Rle) -> list[float]:
    """(x, y, width, height) of a mask, in pixels."""
    box = coco_mask.toBbox({"size": rle["size"], "counts": rle["counts"].encode("ascii")})
    return [float(value) for value in box]


def _semsam(record: Annotation, has_parent: bool) -> dict[str, Any]:
    plain = {name: value for name, value in record.to_json().items() if name not in _ELSEWHERE}
    plain["part_of"] = record.part_of if has_parent else None
    return plain


def _frame(record: Annotation) -> Frame:
    return record.image.sha256, record.plane


def _image_row(number: int, ref: ImageRef, name: str, plane: Plane, split: Split | None, seen: bool) -> dict[str, Any]:
    own = {
        "sha256": ref.sha256 if seen and ref.sha256 else None,
        "plane": list(plane),
        "split": None if split is None else split.split,
        "group": None if split is None else split.group,
    }
    return {"id": number, "file_name": name, "width": ref.width, "height": ref.height, "semsam": own}
