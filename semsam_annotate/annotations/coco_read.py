"""Reading COCO instances and part JSON, ours and others', into records; nothing is stored here."""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.categories import UNLABELLED, Category, read_categories
from semsam_annotate.annotations.coco_images import CocoImage, read_images
from semsam_annotate.annotations.drafts import checked
from semsam_annotate.annotations.hierarchy import parents_first
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.annotations.segmentation import segmentation_rle
from semsam_annotate.api import BadInput, rle_area

_NAMESPACE = uuid.UUID("6f0f5a3e-51c4-4b0e-9a44-7f6c1f3e5d10")


@dataclass
class CocoContent:
    """What a file holds: images, records with parents first, categories, and how many masks were passed over."""

    path: Path
    folder: Path
    images: list[CocoImage]
    categories: list[Category]
    records: list[Annotation] = field(default_factory=list)
    crowds: int = 0
    empty: int = 0


def read_coco(
    path: Path, folder: Path, parts: bool = False, progress: Callable[[int, int], None] | None = None
) -> CocoContent:
    """Read a file whose images lie in ``folder``; ``parts``: PACO's ``obj_ann_id`` must be there.

    Crowd regions and empty masks are passed over and counted. Raises BadInput, one line that names the first thing that
    is wrong, before anything is stored.
    """
    data = _read_bytes(path)
    document = _document(path, data)
    categories = read_categories(document["categories"])
    rows = _rows_by_id(document["annotations"])
    _check_references(path, rows, categories, {image.get("id") for image in document["images"]})
    parents = _parents(rows, parts)
    images = read_images(path, document["images"], folder, progress)
    content = CocoContent(path, folder, list(images.values()), list(categories.values()))
    reader = _Reader(content, hashlib.sha256(data).hexdigest()[:16], images, categories)
    for id in parents_first(parents):
        reader.take(id, rows[id], parents[id])
    return content


class _Reader:
    """Turns rows into records one after the other, parents first."""

    def __init__(
        self, content: CocoContent, file: str, images: Mapping[int, CocoImage], categories: Mapping[int, Category]
    ) -> None:
        self._content, self._file, self._images, self._categories = content, file, images, categories
        self._records: dict[int, Annotation] = {}
        self._start = datetime.now(UTC)

    def take(self, id: int, row: Mapping[str, Any], parent: int | None) -> None:
        if row.get("iscrowd"):
            self._content.crowds += 1
            return
        try:
            record = self._record(id, row, self._records.get(parent) if parent is not None else None)
        except (BadInput, TypeError, ValueError, KeyError) as error:
            raise BadInput(f"annotation {id}: {error}") from error
        if record is None:
            self._content.empty += 1
            return
        self._records[id] = record
        self._content.records.append(record)

    def _record(self, id: int, row: Mapping[str, Any], parent: Annotation | None) -> Annotation | None:
        image = self._images[row["image_id"]]
        mask = segmentation_rle(row.get("segmentation"), image.ref.height, image.ref.width)
        if rle_area(mask) == 0:
            return None
        own = row.get("semsam")
        given = self._foreign(id, row) if own is None else dict(own)
        given["part_of"] = None if parent is None else parent.id
        ref = {"sha256": image.ref.sha256, "path": image.ref.path, "height": mask["size"][0], "width": mask["size"][1]}
        given |= {"image": ref, "plane": list(image.plane), "mask": mask, "status": "accepted"}
        return checked(Annotation.from_json(given))

    def _foreign(self, id: int, row: Mapping[str, Any]) -> dict[str, Any]:
        category = self._categories[row["category_id"]]
        time = self._start + timedelta(microseconds=len(self._content.records))  # keeps the file's order
        score = row.get("score")
        return {
            "id": str(uuid.uuid5(_NAMESPACE, f"{self._file}:{id}")),
            "kind": category.kind,
            "object": None if category.object == UNLABELLED else category.object,
            "part": None if category.part == UNLABELLED else category.part,
            "score": float(score) if isinstance(score, int | float) else None,
            "time": time.isoformat(timespec="microseconds"),
            "source": {"system": "coco", "project": self._file, "external_id": str(id)},
        }


def _read_bytes(path: Path) -> bytes:
    if not path.is_file():
        raise BadInput(f"no such file: {path}")
    return path.read_bytes()


def _document(path: Path, data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} is not JSON: {error}") from error
    names = ("images", "annotations", "categories")
    if not isinstance(document, dict) or not all(
        isinstance(document.get(name), list) and all(isinstance(row, dict) for row in document[name]) for name in names
    ):
        raise BadInput(f"{path} is not a COCO file: it needs lists of objects called {', '.join(names)}")
    return document


def _rows_by_id(rows: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for row in rows:
        id = row.get("id")
        if not isinstance(id, int):
            raise BadInput(f"an annotation needs a whole number as id, not {id!r}")
        if id in found:
            raise BadInput(f"annotation id {id} comes twice")
        found[id] = row
    return found


def _check_references(
    path: Path, rows: Mapping[int, Mapping[str, Any]], categories: Mapping[int, Category], images: set[Any]
) -> None:
    for id, row in rows.items():
        if row.get("category_id") not in categories:
            raise BadInput(f"{path}: annotation {id} has the unknown category {row.get('category_id')!r}")
        if row.get("image_id") not in images:
            raise BadInput(f"{path}: annotation {id} belongs to image {row.get('image_id')!r}, which is not listed")


def _parents(rows: Mapping[int, Mapping[str, Any]], parts: bool) -> dict[int, int | None]:
    """Direct parent of every annotation: ``part_of``, else PACO's ``obj_ann_id`` where it is another annotation."""
    found: dict[int, int | None] = {}
    for id, row in rows.items():
        if parts and "obj_ann_id" not in row:
            raise BadInput(f"annotation {id} has no obj_ann_id: not a part JSON, try --format coco")
        owner = row.get("obj_ann_id")
        parent = row.get("part_of", None if owner == id else owner)
        if parent is not None and (not isinstance(parent, int) or parent not in rows):
            raise BadInput(f"annotation {id} is part of {parent!r}, which is not in the file")
        found[id] = parent
    return found
