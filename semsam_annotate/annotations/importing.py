"""Bringing a COCO file or a part JSON into a store: everything or nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from semsam_annotate.annotations.categories import Category
from semsam_annotate.annotations.coco_read import read_coco
from semsam_annotate.annotations.store import AnnotationStore
from semsam_annotate.api import BadInput

FORMATS = ("coco", "parts")


@dataclass(frozen=True)
class ImportReport:
    """What came in; ``known``: were there already; ``crowds`` and ``empty``: passed over."""

    path: str
    images: int
    added: int
    known: int
    crowds: int
    empty: int
    categories: tuple[Category, ...]

    def line(self) -> str:
        """For a person."""
        notes = {"already there": self.known, "crowd regions skipped": self.crowds, "empty masks skipped": self.empty}
        text = f"{self.path}: {self.added} annotations added in {self.images} images"
        return text + "".join(f"; {number} {what}" for what, number in notes.items() if number)


def import_file(
    store: AnnotationStore,
    format: str,
    path: Path,
    images: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ImportReport:
    """Import ``path``, format "coco" or "parts"; its images lie in ``images``, by default beside it.

    An annotation that came before, by its id or by the same file, changes nothing. Raises BadInput and stores nothing
    when anything in the file is wrong. ``progress(done, total)`` is called per image read.
    """
    if format not in FORMATS:
        raise BadInput(f"unknown format {format!r}: one of {', '.join(FORMATS)}")
    folder = path.parent if images is None else images
    if not folder.is_dir():
        raise BadInput(f"no such folder of images: {folder}")
    content = read_coco(path, folder, format == "parts", progress)
    refs = {image.ref: image.split for image in content.images}
    added = store.add(content.records, refs)
    known = len(content.records) - added
    return ImportReport(str(path), len(refs), added, known, content.crowds, content.empty, tuple(content.categories))
