"""Our two panoptic files together, ``objects.json`` and ``parts.json``: whose a part is follows from where it lies."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from semsam_annotate.annotations.categories import UNLABELLED
from semsam_annotate.annotations.formats.panoptic import FILES
from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.readers.data_set import DataSet
from semsam_annotate.training.data.readers.marks import Mark, assemble
from semsam_annotate.training.data.readers.panoptic import PanopticSet
from semsam_annotate.training.data.segments import shares_inside
from semsam_annotate.training.data.vocabularies import merge_vocabularies

MOST = 0.5
"""Of a part's pixels that lie in its object; no two objects of a panoptic image can both have more."""


class PanopticFolder(DataSet):
    """A pixel belongs to one object, so a part belongs to the object, if the names fit, that most of it lies in."""

    format: ClassVar[str] = PanopticSet.format

    def __init__(self, folder: Path, objects: PanopticSet, parts: PanopticSet) -> None:
        """Raises BadInput when the two are not of the same images."""
        self.folder, self._objects, self._parts = folder, objects, parts
        self.problems = (*objects.problems, *parts.problems)
        if len(objects) != len(parts):
            raise self._unlike(f"{len(objects)} and {len(parts)}")

    def __len__(self) -> int:
        return len(self._objects)

    @property
    def vocabulary(self) -> Vocabulary:
        """The names of both files."""
        return merge_vocabularies([self._objects.vocabulary, self._parts.vocabulary])

    def entry(self, index: int) -> ImageEntry:
        """Read the two PNGs of an image."""
        frame, objects = self._objects.marks(index)
        other, parts = self._parts.marks(index)
        if frame.path != other.path:
            raise self._unlike(f"{frame.path.name} and {other.path.name} in one place")
        frame.problems.extend(problem for problem in other.problems if problem not in frame.problems)
        both = replace(
            frame,
            exhaustive=frame.exhaustive | other.exhaustive,
            lost=frame.lost | other.lost,
            crowds=frame.crowds + other.crowds,
        )
        return assemble(both, [*objects, *_with_owners(objects, parts)])

    def _unlike(self, what: str) -> BadInput:
        files = " and ".join(FILES.values())
        return BadInput(f"{files} of {self.folder} are not of the same images ({what}): open one after the other")


def _with_owners(objects: Sequence[Mark], parts: Sequence[Mark]) -> list[Mark]:
    shares = shares_inside([part.segment for part in parts], [object.segment for object in objects])
    return [_with_owner(part, objects, row) for part, row in zip(parts, shares, strict=True)]


def _with_owner(part: Mark, objects: Sequence[Mark], shares: Sequence[float]) -> Mark:
    nameless = part.object in (None, UNLABELLED)
    for object, share in zip(objects, shares, strict=True):
        if share > MOST and (nameless or part.object == object.object):
            return replace(part, id=("part", part.id), object=object.object, parent=object.id)
    return replace(part, id=("part", part.id))
