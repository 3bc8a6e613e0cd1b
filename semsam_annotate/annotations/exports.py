"""Writing accepted records to a file, whichever format: in order, atomically, or not at all."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from semsam_annotate.annotations.coco import coco_document
from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.annotations.part_json import part_document
from semsam_annotate.annotations.record import Annotation, ImageRef
from semsam_annotate.annotations.splits import Split
from semsam_annotate.api import BadInput, Vocabulary

Document: TypeAlias = dict[str, Any]
Writer: TypeAlias = Callable[
    [Sequence[ImageRef], Sequence[Annotation], Mapping[str, Split], Vocabulary], tuple[Document, int]
]

FORMATS: dict[str, Writer] = {"coco": coco_document, "parts": part_document}


@dataclass(frozen=True)
class ExportReport:
    """What was written; ``left_out``: parts without an object, which the part JSON cannot hold."""

    path: str
    images: int
    objects: int
    parts: int
    left_out: int

    def line(self) -> str:
        """For a person."""
        text = f"{self.path}: {self.images} images, {self.objects} objects, {self.parts} parts"
        return text + (f"; {self.left_out} parts without an object left out" if self.left_out else "")


def write_export(
    format: str,
    path: Path,
    images: Sequence[ImageRef],
    records: Sequence[Annotation],
    splits: Mapping[str, Split],
    vocabulary: Vocabulary | None = None,
) -> ExportReport:
    """Write ``records`` of ``images``; the same content always gives the same bytes. BadInput when there are none."""
    if format not in FORMATS:
        raise BadInput(f"unknown format {format!r}: one of {', '.join(FORMATS)}")
    if not records:
        raise BadInput("nothing to export: the project has no accepted annotations yet")
    document, left_out = FORMATS[format](images, records, splits, vocabulary or Vocabulary())
    kinds = [annotation["semsam"]["kind"] for annotation in document["annotations"]]
    if not kinds:
        raise BadInput(f"nothing to export as {format}: all {left_out} annotations are parts without an object")
    write_json(path, document)
    return ExportReport(str(path), len(document["images"]), kinds.count("object"), kinds.count("part"), left_out)


def write_json(path: Path, document: Document) -> None:
    """Write JSON in place of whatever was at ``path``, complete or not at all; BadInput when the folder is missing."""
    if path.is_dir():
        raise BadInput(f"{path} is a folder: name the file to write")
    if not path.parent.is_dir():
        raise BadInput(f"the folder to write into does not exist: {path.parent}")
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    write_atomically(path, text.encode("utf-8"))
