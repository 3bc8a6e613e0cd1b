"""Category names of COCO files: ``object`` and ``object:part`` outside, object name and bare part name inside."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from semsam_annotate.annotations.record import Kind
from semsam_annotate.api import BadInput

UNLABELLED = "unlabelled"
"""Category of masks that were accepted without a name: COCO files cannot leave it out."""


@dataclass(frozen=True, order=True)
class Category:
    """What a category says: ``part`` None for an object."""

    object: str
    part: str | None = None

    @property
    def name(self) -> str:
        """As it is written in files."""
        return self.object if self.part is None else f"{self.object}:{self.part}"

    @property
    def kind(self) -> Kind:
        """Object or part."""
        return "object" if self.part is None else "part"


def category_rows(used: Iterable[Category], objects: Iterable[str] = ()) -> dict[Category, dict[str, Any]]:
    """Categories with ids from 1, objects first, each group by name; ``objects`` are added though unused.

    An object category is there for every part. Id 0 is not used: pycocotools counts it as a false positive.
    """
    parts = sorted({category for category in used if category.part is not None}, key=lambda category: category.name)
    names = {category.object for category in used} | set(objects)
    ordered = [Category(name) for name in sorted(names)] + parts
    return {
        category: {
            "id": number,
            "name": category.name,
            "supercategory": category.kind.upper(),
            "kind": category.kind,
        }
        for number, category in enumerate(ordered, start=1)
    }


def read_categories(rows: Iterable[Mapping[str, Any]]) -> dict[int, Category]:
    """Categories of a file by id. A part is what ``kind`` or ``supercategory`` PART says, or has a colon in its name.

    ``object:part`` is split at the first colon, ``object/part`` at the first slash. Without ``kind``, a slash means a
    part only when an object of that name is there, because object names hold slashes, too.
    """
    listed = list(rows)
    names = {str(row.get("name")) for row in listed}
    found: dict[int, Category] = {}
    for row in listed:
        id, name = row.get("id"), row.get("name")
        if not isinstance(id, int) or not isinstance(name, str) or not name.strip():
            raise BadInput(f"a category needs a whole number as id and a name: {dict(row)!r:.100}")
        if id in found:
            raise BadInput(f"category id {id} comes twice")
        found[id] = _category(row, name.strip(), names)
    return found


def _category(row: Mapping[str, Any], name: str, names: set[str]) -> Category:
    kind = str(row.get("kind") or {"PART": "part", "OBJECT": "object"}.get(str(row.get("supercategory")), "")).lower()
    mark = ":" if ":" in name else "/"
    left, _, right = (piece.strip() for piece in name.partition(mark))
    if kind == "object" or not right or not left:
        return Category(UNLABELLED, name) if kind == "part" else Category(name)
    if kind == "part" or mark == ":" or left in names:
        return Category(left, right)
    return Category(name)
