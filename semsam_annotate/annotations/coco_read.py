"""Reading COCO instances and part JSON, ours and others', into records; nothing is stored here."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.categories import UNLABELLED, Category, read_categories
from semsam_annotate.annotations.coco_images import CocoImage, Finder, glanced_images, read_images
from semsam_annotate.annotations.content_ids import content_id
from semsam_annotate.annotations.drafts import checked
from semsam_annotate.annotations.hierarchy import parents_first
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.annotations.segmentation import segmentation_rle
from semsam_annotate.api import BadInput, Rle, rle_area

LISTS = ("images", "annotations", "categories")
"""What every COCO file has, and part JSON, too."""
_PARENTS = "parents that are crowd regions or empty masks"


@dataclass
class CocoContent:
    """What a file holds: images, records with parents first, categories, and how many masks were passed over.

    ``derived``: ids of records that no file gave them. ``passed``: how many of what else was passed over, by its name.
    """

    path: Path
    folder: Path
    images: list[CocoImage]
    categories: list[Category]
    records: list[Annotation] = field(default_factory=list)
    derived: set[str] = field(default_factory=set)
    crowds: int = 0
    empty: int = 0
    passed: Counter[str] = field(default_factory=Counter)


def read_coco(
    path: Path, folder: Path, parts: bool = False, progress: Callable[[int, int], None] | None = None
) -> CocoContent:
    """Read a file whose images lie in ``folder``; ``parts``: PACO's ``obj_ann_id`` must be there.

    Crowd regions and empty masks are passed over and counted. Raises BadInput, one line that names the first thing that
    is wrong, before anything is stored.
    """
    data = _read_bytes(path)
    file = CocoFile(path, data, parsed(path, data), parts)
    return file.content(folder, read_images(path, file.images, folder, progress))


class CocoFile:
    """A file that was read and whose rows fit each other; BadInput when they do not. No image is read yet."""

    def __init__(self, path: Path, data: bytes, plain: Any, parts: bool = False) -> None:
        document = _document(path, plain)
        self._path, self._digest = path, hashlib.sha256(data).hexdigest()[:16]
        self._categories = read_categories(document["categories"])
        self._rows = _rows_by_id(document["annotations"])
        self.images: list[dict[str, Any]] = document["images"]
        ids = {image["id"] for image in self.images if isinstance(image.get("id"), int)}
        _check_references(path, self._rows, self._categories, ids)
        self._parents = _parents(self._rows, parts)

    def content(self, folder: Path, images: Mapping[int, CocoImage]) -> CocoContent:
        """Images of the file, by id, with their masks; what belongs to other images is left out."""
        content = CocoContent(self._path, folder, list(images.values()), list(self._categories.values()))
        reader = _Reader(content, self._digest, images, self._categories)
        for id in parents_first(self._parents):
            if self._rows[id]["image_id"] in images:
                reader.take(id, self._rows[id], self._parents[id])
        return content

    def glance(self, folder: Path, find: Finder, most: int) -> CocoContent:
        """The first ``most`` images, those with annotations ahead, to be looked at; not found ones have no pixels."""
        annotated = {row["image_id"] for row in self._rows.values()}
        ahead = sorted(self.images, key=lambda row: row.get("id") not in annotated)
        return self.content(folder, glanced_images(self._path, ahead[:most], find))


class _Reader:
    """Turns rows into records one after the other, parents first."""

    def __init__(
        self, content: CocoContent, file: str, images: Mapping[int, CocoImage], categories: Mapping[int, Category]
    ) -> None:
        self._content, self._file, self._images, self._categories = content, file, images, categories
        self._records: dict[int, Annotation] = {}
        self._ids: dict[str, int] = {}
        self._start, self._seen = datetime.now(UTC), Counter[str]()

    def take(self, id: int, row: Mapping[str, Any], parent: int | None) -> None:
        if row.get("iscrowd"):
            self._content.crowds += 1
            return
        try:
            record = self._record(id, row, self._records.get(parent) if parent is not None else None)
        except (BadInput, TypeError, ValueError, KeyError, OverflowError) as error:
            raise BadInput(f"annotation {id}: {error}") from error
        if record is None:
            self._content.empty += 1
            return
        if self._ids.setdefault(record.id, id) != id:
            raise BadInput(f"annotations {self._ids[record.id]} and {id} have one semsam id: {record.id}")
        self._content.passed[_PARENTS] += parent is not None and parent not in self._records
        self._records[id] = record
        self._content.records.append(record)

    def _record(self, id: int, row: Mapping[str, Any], parent: Annotation | None) -> Annotation | None:
        image = self._images[row["image_id"]]
        mask = segmentation_rle(row.get("segmentation"), image.ref.height, image.ref.width)
        if rle_area(mask) == 0:
            return None
        own = row.get("semsam")
        given = self._foreign(id, row, image.ref.sha256, mask) if own is None else dict(own)
        given["part_of"] = None if parent is None else parent.id
        ref = {"sha256": image.ref.sha256, "path": image.ref.path, "height": mask["size"][0], "width": mask["size"][1]}
        given |= {"image": ref, "plane": list(image.plane), "mask": mask, "status": "accepted"}
        return checked(Annotation.from_json(given))

    def _foreign(self, id: int, row: Mapping[str, Any], sha256: str, mask: Rle) -> dict[str, Any]:
        category = self._categories[row["category_id"]]
        own = content_id(sha256, category.kind, category.object, category.part, mask["counts"], self._seen)
        self._content.derived.add(own)
        time = self._start + timedelta(microseconds=len(self._content.records))  # keeps the file's order
        score = row.get("score")
        return {
            "id": own,
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


def parsed(path: Path, data: bytes) -> Any:
    """Plain JSON values; BadInput when it is no JSON."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} is not JSON: {error}") from error


def _document(path: Path, document: Any) -> dict[str, Any]:
    if not isinstance(document, dict) or not all(
        isinstance(document.get(name), list) and all(isinstance(row, dict) for row in document[name]) for name in LISTS
    ):
        raise BadInput(f"{path} is not a COCO file: it needs lists of objects called {', '.join(LISTS)}")
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
        if not isinstance(row.get("category_id"), int) or row["category_id"] not in categories:
            raise BadInput(f"{path}: annotation {id} has the unknown category {row.get('category_id')!r}")
        if not isinstance(row.get("image_id"), int) or row["image_id"] not in images:
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
