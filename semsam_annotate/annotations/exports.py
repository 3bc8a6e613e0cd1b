"""Writing accepted records to a file, whichever format: in order, atomically, or not at all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from semsam_annotate.annotations.coco import CocoScheme, plan, write_coco
from semsam_annotate.annotations.files import named
from semsam_annotate.annotations.formats.format import Format
from semsam_annotate.annotations.formats.listed import FURTHER
from semsam_annotate.annotations.formats.scene import Picture, scene_of
from semsam_annotate.annotations.outgoing import Held, Outgoing
from semsam_annotate.annotations.part_json import PartScheme
from semsam_annotate.annotations.record import Annotation, ImageRef
from semsam_annotate.annotations.splits import Split
from semsam_annotate.api import BadInput, Vocabulary

Progress: TypeAlias = Callable[[int, int], None]
"""Told how much of all is done."""

FORMATS: dict[str, CocoScheme] = {"coco": CocoScheme(), "parts": PartScheme()}
"""What is COCO, with more or with less."""

_NOTHING = "nothing to export: the project has no accepted annotations yet"


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
    seen: bool = True,
) -> ExportReport:
    """Write ``records`` of ``images``; the same content always gives the same bytes. BadInput when there are none.

    ``picture``: finds the file of an image, for formats that hold copies. ``seen``: the images' names are digests of
    their pixels, which COCO and part JSON then hold.
    """
    return write_outgoing(format, path, Held.of(images, records, splits), vocabulary, picture, seen=seen)


def write_outgoing(
    format: str | Format,
    path: Path,
    outgoing: Outgoing,
    vocabulary: Vocabulary | None = None,
    picture: Picture | None = None,
    progress: Progress | None = None,
    seen: bool = True,
) -> ExportReport:
    """The same of records that need not be in memory; ``progress`` counts images, each at every pass."""
    names = vocabulary or Vocabulary()
    if isinstance(format, str) and format in FORMATS:
        with named(path):
            return _write_coco(format, path, outgoing, names, progress, seen)
    further = FURTHER.get(format) if isinstance(format, str) else format
    if further is None:
        known = ", ".join((*FORMATS, *FURTHER))
        raise BadInput(f"unknown format {format!r}: one of {known}; for label-studio there is semsam export")
    with named(path):
        return _write_further(further, path, outgoing, names, picture, progress)


def _write_further(
    format: Format,
    path: Path,
    outgoing: Outgoing,
    vocabulary: Vocabulary,
    picture: Picture | None,
    progress: Progress | None,
) -> ExportReport:
    passed = _counted(progress, (1 + format.passes) * len(outgoing.images))
    scene = scene_of(outgoing, vocabulary, picture, format.planes, passed)
    if not scene.heads and not scene.in_planes:
        raise BadInput(_NOTHING)
    written = format.export(scene, path)
    passed(format.passes * (len(outgoing.images) - len({head.ref.sha256 for head in scene.heads})))
    bare = scene.bare + len(scene.heads) - written.images
    lost = {**written.lost, **({"images without a mask": bare} if bare else {})}
    return ExportReport(str(path), written.images, written.objects, written.parts, 0, lost)


def _counted(progress: Progress | None, total: int) -> Callable[[int], None]:
    """Adds up what was passed."""
    done = 0

    def passed(images: int) -> None:
        nonlocal done
        done += images
        if progress is not None:
            progress(done, total)

    return passed


def _write_coco(
    format: str, path: Path, outgoing: Outgoing, vocabulary: Vocabulary, progress: Progress | None, seen: bool
) -> ExportReport:
    passed = _counted(progress, 2 * len(outgoing.images))
    scheme = FORMATS[format]
    planned = plan(outgoing, scheme, passed, seen)
    kinds, left_out = planned.kinds, planned.left_out
    if not kinds.total() + left_out:
        raise BadInput(_NOTHING)
    if not kinds.total():
        raise BadInput(f"nothing to export as {format}: all {left_out} annotations are parts without an object")
    write_coco(path, outgoing, planned, scheme, vocabulary, passed)
    return ExportReport(str(path), len(planned.frames), kinds["object"], kinds["part"], left_out)
