"""Bringing a COCO file or a part JSON into a store: everything or nothing."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.categories import Category
from semsam_annotate.annotations.coco_read import CocoContent, read_coco
from semsam_annotate.annotations.store import AnnotationStore
from semsam_annotate.api import BadInput

FORMATS = ("coco", "parts")


@dataclass(frozen=True)
class ImportReport:
    """What came in; ``known``: were there already; ``crowds``, ``empty`` and ``passed``, by its name: passed over."""

    path: str
    images: int
    added: int
    known: int
    crowds: int
    empty: int
    categories: tuple[Category, ...]
    passed: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """For a person."""
        notes = {"already there": self.known, "crowd regions skipped": self.crowds, "empty masks skipped": self.empty}
        notes |= {f"{what} skipped": number for what, number in self.passed.items()}
        text = f"{self.path}: {self.added} annotations added in {self.images} images"
        return text + "".join(f"; {number} {what}" for what, number in notes.items() if number)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, categories by name."""
        return {**asdict(self), "categories": [category.name for category in self.categories]}


def read_import(
    format: str,
    path: Path,
    images: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CocoContent:
    """Read ``path``, format "coco" or "parts", whose images lie in ``images``, by default beside it; nothing is stored.

    Raises BadInput when anything in the file is wrong. ``progress(done, total)`` is called per image read.
    """
    if format not in FORMATS:
        raise BadInput(f"unknown format {format!r}: one of {', '.join(FORMATS)}")
    folder = path.parent if images is None else images
    if not folder.is_dir():
        raise BadInput(f"no such folder of images: {folder}")
    return read_coco(path, folder, format == "parts", progress)


def store_import(store: AnnotationStore, content: CocoContent) -> ImportReport:
    """Store what was read, all or nothing; an annotation that is there, by its id or by what it is, changes nothing."""
    refs = {image.ref: image.split for image in content.images}
    passed = +content.passed
    added = store.add(content.records, refs, content.derived, passed)
    return ImportReport(
        path=str(content.path),
        images=len(refs),
        added=added,
        known=len(content.records) - added,
        crowds=content.crowds,
        empty=content.empty,
        categories=tuple(content.categories),
        passed=dict(passed),
    )
