"""PartImageNet: parts of one object an image; the object is their union."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from semsam_annotate.training.data.readers.categories import Category, spaced
from semsam_annotate.training.data.readers.coco import CocoSet
from semsam_annotate.training.data.readers.marks import Frame, Mark
from semsam_annotate.training.data.record import OBJECT, PART
from semsam_annotate.training.data.segments import Segment, union


class PartImageNetSet(CocoSet):
    """Categories are ``Object Part`` with a space; ``Car Tier`` is mended by the table of synonyms."""

    format: ClassVar[str] = "partimagenet"

    def split(self, row: Mapping[str, Any]) -> Category:
        """The object is the supercategory where the name begins with it, else its first word."""
        name, owner = str(row["name"]), str(row.get("supercategory") or "")
        if not owner or not name.lower().startswith(f"{owner.lower()} "):
            owner = name.split()[0]
        return Category(PART, spaced(owner), spaced(name[len(owner) :]) or None)

    def file_names(self, image: Mapping[str, Any]) -> Sequence[str]:
        """In the folder of the WordNet id that the name begins with, or as written."""
        return [spelt for name in super().file_names(image) for spelt in (f"{name.split('_')[0]}/{name}", name)]

    def completed(self, frame: Frame, marks: list[Mark]) -> list[Mark]:
        """Parts of one object name, and the object as their union."""
        whole: dict[str | None, list[Segment]] = {}
        for mark in marks:
            whole.setdefault(mark.object, []).append(mark.segment)
        objects = [
            Mark(("whole", name), union(segments), OBJECT, name, None) for name, segments in whole.items() if name
        ]
        parts = [
            Mark(
                mark.id,
                mark.segment,
                PART,
                mark.object,
                mark.part,
                parent=("whole", mark.object) if mark.object else None,
            )
            for mark in marks
        ]
        return [*objects, *parts]
