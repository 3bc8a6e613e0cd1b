"""Writing COCO instances: objects and parts in one file, masks as RLE, what COCO has no field for under ``semsam``."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from pycocotools import mask as coco_mask

from semsam_annotate.annotations.categories import UNLABELLED, Category, category_rows
from semsam_annotate.annotations.record import Annotation, ImageRef, Plane
from semsam_annotate.annotations.splits import Split
from semsam_annotate.api import Rle, Vocabulary, rle_area

Frame = tuple[str, Plane]
"""A COCO image is one plane of an image: (sha256, plane)."""

_ELSEWHERE = ("image", "mask", "status", "split", "group", "plane")
"""Fields of a record that the file holds outside ``semsam``."""


def coco_document(
    images: Sequence[ImageRef],
    records: Sequence[Annotation],
    splits: Mapping[str, Split],
    vocabulary: Vocabulary,
) -> tuple[dict[str, Any], int]:
    """The file's content, and 0: nothing is left out. Ids from 1; the same content always in the same order."""
    categories_of = {record.id: category_of(record, record.object) for record in records}
    return document(images, records, splits, categories_of, vocabulary), 0


def category_of(record: Annotation, object: str | None) -> Category:
    """Category of a record whose object is called ``object``."""
    if record.kind == "object":
        return Category(object or UNLABELLED)
    return Category(object or UNLABELLED, record.part or UNLABELLED)


def document(
    images: Sequence[ImageRef],
    records: Sequence[Annotation],
    splits: Mapping[str, Split],
    categories_of: Mapping[str, Category],
    vocabulary: Vocabulary,
) -> dict[str, Any]:
    """COCO content of records whose categories are given."""
    frames = _frames(images, records, splits)
    categories = category_rows(categories_of.values(), vocabulary.objects)
    number = {frame: row["id"] for frame, row in frames.items()}
    ordered = sorted(records, key=lambda record: (number[_frame(record)], record.time, record.id))
    ids = {record.id: index for index, record in enumerate(ordered, start=1)}
    return {
        "info": {"description": "semsam-annotate: objects and their parts"},
        "licenses": [],
        "images": list(frames.values()),
        "categories": list(categories.values()),
        "annotations": [
            annotation_row(record, ids, number[_frame(record)], categories[categories_of[record.id]]["id"])
            for record in ordered
        ],
    }


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


def _frames(
    images: Sequence[ImageRef], records: Sequence[Annotation], splits: Mapping[str, Split]
) -> dict[Frame, dict[str, Any]]:
    refs = {ref.sha256: ref for ref in [*images, *(record.image for record in records)]}
    planes = {_frame(record) for record in records}
    stacks = {sha for sha, plane in planes if plane}
    planes |= {(sha, ()) for sha in refs if sha not in stacks}
    names = file_names(refs.values())
    ordered = sorted(planes, key=lambda frame: (names[frame[0]], frame[0], frame[1]))
    return {
        frame: _image_row(number, refs[frame[0]], names[frame[0]], frame[1], splits.get(frame[0]))
        for number, frame in enumerate(ordered, start=1)
    }


def _image_row(number: int, ref: ImageRef, name: str, plane: Plane, split: Split | None) -> dict[str, Any]:
    own = {
        "sha256": ref.sha256 or None,
        "plane": list(plane),
        "split": None if split is None else split.split,
        "group": None if split is None else split.group,
    }
    return {"id": number, "file_name": name, "width": ref.width, "height": ref.height, "semsam": own}


def file_names(refs: Iterable[ImageRef]) -> dict[str, str]:
    """Path of every image; of absolute ones only the end that tells them apart, so that no home folder travels."""
    paths = {ref.sha256: PurePosixPath(ref.path) for ref in refs}
    taken = {str(path) for path in paths.values() if not _is_absolute(path)}
    names: dict[str, str] = {}
    for sha, path in sorted(paths.items(), key=lambda item: (str(item[1]), item[0])):
        name = str(path)
        if _is_absolute(path):
            ends = ("/".join(path.parts[-length:]) for length in range(1, len(path.parts)))
            name = next((end for end in ends if end not in taken), f"{sha}/{path.name}")
            taken.add(name)
        names[sha] = name
    return names


def _is_absolute(path: PurePosixPath) -> bool:
    return path.is_absolute() or (len(path.parts) > 0 and path.parts[0].endswith(":"))
