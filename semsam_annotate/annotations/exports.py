"""Writing accepted records to a file, whichever format: in order, atomically, or not at all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from semsam_annotate.annotations.coco import coco_document
from semsam_annotate.annotations.formats.format import Format
from semsam_annotate.annotations.formats.listed import FURTHER
from semsam_annotate.annotations.formats.scene import Picture, scene_of
from semsam_annotate.annotations.formats.written import Written
from semsam_annotate.annotations.json_file import write_json
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
    """What was written; ``left_out``: parts without an object, which the part JSON cannot hold.

    ``not_carried``: how many of what else the format cannot hold (overlaps, parents, levels …), by its name.
    """

    path: str
    images: int
    objects: int
    parts: int
    left_out: int
    not_carried: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """For a person."""
        text = f"{self.path}: {self.images} images, {self.objects} objects, {self.parts} parts"
        text += f"; {self.left_out} parts without an object left out" if self.left_out else ""
        lost = ", ".join(f"{number} {what}" for what, number in self.not_carried.items())
        return text + (f"; not carried: {lost}" if lost else "")


def write_export(
    format: str | Format,
    path: Path,
    images: Sequence[ImageRef],
    records: Sequence[Annotation],
    splits: Mapping[str, Split],
    vocabulary: Vocabulary | None = None,
    picture: Picture | None = None,
) -> ExportReport:
    """Write ``records`` of ``images``; the same content always gives the same bytes. BadInput when there are none.

    ``picture``: finds the file of an image, for formats that hold copies.
    """
    further = FURTHER.get(format) if isinstance(format, str) else format
    if further is None and format not in FORMATS:
        raise BadInput(f"unknown format {format!r}: one of {', '.join((*FORMATS, *FURTHER))}")
    if not records:
        raise BadInput("nothing to export: the project has no accepted annotations yet")
    if further is not None:
        scene = scene_of(images, records, splits, vocabulary or Vocabulary(), picture)
        return _report(path, further.export(scene, path), scene.bare)
    return _write_coco(str(format), path, images, records, splits, vocabulary)


def _report(path: Path, written: Written, bare: int) -> ExportReport:
    lost = {**written.lost, **({"images without a mask": bare} if bare else {})}
    return ExportReport(str(path), written.images, written.objects, written.parts, 0, lost)


def _write_coco(
    format: str,
    path: Path,
    images: Sequence[ImageRef],
    records: Sequence[Annotation],
    splits: Mapping[str, Split],
    vocabulary: Vocabulary | None,
) -> ExportReport:
    document, left_out = FORMATS[format](images, records, splits, vocabulary or Vocabulary())
    kinds = [annotation["semsam"]["kind"] for annotation in document["annotations"]]
    if not kinds:
        raise BadInput(f"nothing to export as {format}: all {left_out} annotations are parts without an object")
    write_json(path, document)
    return ExportReport(str(path), len(document["images"]), kinds.count("object"), kinds.count("part"), left_out)
