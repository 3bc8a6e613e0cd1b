"""What the category of a file says: kind, object name, bare part name."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from semsam_annotate.training.data.record import OBJECT, PART, UNKNOWN
from semsam_annotate.training.data.synonyms import Synonyms


class Category(NamedTuple):
    """``object``: what it is or, of a part, what it belongs to; None where the name says nothing."""

    kind: int
    object: str | None
    part: str | None


NO_LABEL = frozenset({"region", "segment", "object"})
"""Category names that say nothing about what is seen (BSDS, SA-1B exports): the mask is class-agnostic."""


def split_category(row: Mapping[str, Any], as_written: bool = False) -> Category:
    """``object:part`` is split, ``object/part`` where there is no colon; ``kind`` decides where it is present, else
    ``supercategory`` PART or the name itself. ``as_written``: every name is one, those of ``NO_LABEL`` too.
    """
    name = str(row["name"]).strip()
    pieces = name.split(":" if ":" in name else "/", 1)
    stated = str(row.get("kind", "")).lower()
    if stated == "part" or (not stated and (len(pieces) == 2 or row.get("supercategory") == "PART")):
        return Category(PART, pieces[0], pieces[1]) if len(pieces) == 2 else Category(PART, None, name)
    says_nothing = name.lower() in NO_LABEL and not as_written
    return Category(UNKNOWN, None, None) if says_nothing else Category(OBJECT, name, None)


def spaced(name: str) -> str:
    """A name in the manner of COCO: ``car_(automobile)`` is ``car (automobile)``, ``Person`` is ``person``."""
    return " ".join(name.replace("_", " ").split()).lower()


def id_of(row: Mapping[str, Any], key: str) -> int | str | None:
    """An id in a row; None for whatever cannot be one."""
    value = row.get(key)
    return value if isinstance(value, int | str) else None


def read_categories(
    rows: Sequence[Mapping[str, Any]], split: Callable[[Mapping[str, Any]], Category], synonyms: Synonyms
) -> dict[Any, Category]:
    """Categories by id under the names to train on; rows without id or name are left out, as unknown ones."""
    found: dict[Any, Category] = {}
    for row in rows:
        if isinstance(row.get("id"), int) and isinstance(row.get("name"), str) and row["name"].strip():
            kind, object, part = split(row)
            found[row["id"]] = Category(kind, synonyms.object(object), synonyms.part(part))
    return found
