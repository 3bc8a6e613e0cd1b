"""COCO instance JSON with parts, strictly, for evaluation: every fault is an error."""

from collections.abc import Collection, Iterable
from pathlib import Path

from semsam_annotate.api import BadInput
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.problem import (
    BOX_OUTSIDE,
    DUPLICATE_ID,
    EMPTY_MASK,
    MISSING_IMAGE,
    NOT_A_ROW,
    PARENT_MISSING,
    PATH_LEAVES,
    Problem,
)
from semsam_annotate.training.data.readers.coco import CocoSet
from semsam_annotate.training.data.readers.row_index import index_rows

_HARMLESS = (BOX_OUTSIDE, DUPLICATE_ID, EMPTY_MASK, MISSING_IMAGE, PARENT_MISSING, PATH_LEAVES)
"""A missing image is told when it is loaded, a path outside is never followed, boxes are made from the masks, and an
empty mask is dropped by all."""


def open_coco(annotations: Path, images: Path) -> CocoSet:
    """A COCO instance file whose images (``file_name`` or its last component) are in the folder ``images``."""
    return CocoSet(index_rows(annotations), images)


def read_coco(annotations: Path, images: Path, licenses: Collection[str] | None = None) -> list[ImageEntry]:
    """The images in file order that have at least one non-crowd mask, an empty one included.

    licenses: keep only images whose ``license_class`` is among these; None keeps all.
    Categories ``object/part`` or ``object:part`` are split; ``kind`` decides where it is present; ``part_of`` links
    masks.
    Raises BadInput for a file that is not COCO, an unknown category or image, and damaged masks.
    """
    return masked_entries(open_coco(annotations, images), licenses)


def masked_entries(file: CocoSet, licenses: Collection[str] | None = None) -> list[ImageEntry]:
    """``read_coco`` of an opened file."""
    _refuse(file.index.path, file.problems)
    kept = []
    for entry in file:
        if licenses is None or entry.license_class in licenses:
            _refuse(file.index.path, entry.problems)
            kept.append(entry)
    return [entry for entry in kept if len(entry) or any(found.kind == EMPTY_MASK for found in entry.problems)]


def _refuse(path: Path, problems: Iterable[Problem]) -> None:
    for found in problems:
        if found.kind not in _HARMLESS:
            raise BadInput(f"{path}{' is not COCO' if found.kind == NOT_A_ROW else ''}: {found.line()}")
