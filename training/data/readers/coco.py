"""COCO instances and our part JSON; the other layouts with images, annotations and categories build on it."""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence, Set
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from semsam_annotate.annotations.formats.rows import ID
from semsam_annotate.api import Vocabulary
from semsam_annotate.training.data import problem
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.problem import Problem
from semsam_annotate.training.data.readers.by_source import Drawn, drawn_by_source, source_of
from semsam_annotate.training.data.readers.categories import Category, id_of, read_categories, spaced, split_category
from semsam_annotate.training.data.readers.data_set import DataSet
from semsam_annotate.training.data.readers.marks import Frame, Mark, assemble, usable_size
from semsam_annotate.training.data.readers.pictures import find_picture, guess_folder
from semsam_annotate.training.data.readers.row_index import RowIndex
from semsam_annotate.training.data.record import PART, part_entry
from semsam_annotate.training.data.segments import Unusable, area, box_segment, numbers, read_segment
from semsam_annotate.training.data.synonyms import Synonyms
from semsam_annotate.training.data.vocabularies import owners_vocabulary


class CocoSet(DataSet):
    """COCO instances.

    ``index``: of the file. ``images``: folder of the images, looked for around the file when left out. ``exhaustive``:
    whether the images show every instance of the categories (crowds aside), which the file does not tell; in a file
    merged from several sources, of the categories that the image's source draws. A row without ``segmentation`` that
    has a ``bbox`` is a box. ``as_written``: names stay as they are, where a layout's own are made plain otherwise.
    """

    format: ClassVar[str] = "coco"

    def __init__(
        self,
        index: RowIndex,
        images: Path | None = None,
        synonyms: Synonyms | None = None,
        exhaustive: bool | None = None,
        as_written: bool = False,
    ) -> None:
        self.as_written = as_written
        self.index = index
        self.synonyms = Synonyms() if synonyms is None else synonyms
        self.folder = images or guess_folder(index.path, self.file_names(index.first_image))
        rows = list(index.categories)
        self._exhaustive = self.exhaustive_by_design if exhaustive is None else exhaustive
        self.categories = read_categories(rows, self.split, self.synonyms)
        self._ids_of: dict[str, set[Any]] = defaultdict(set)
        for id, item in self.categories.items():
            self._ids_of[exhaustive_name(item)].add(id)
        ids = [row.get("id") for row in rows]
        twice = sorted({str(id) for id in ids if ids.count(id) > 1}) if len(ids) > len(self.categories) else []
        self.problems = (*index.problems, *(Problem(problem.DUPLICATE_ID, f"category {id}") for id in twice))

    exhaustive_by_design: ClassVar[bool] = False

    def __len__(self) -> int:
        return len(self.index)

    @property
    def vocabulary(self) -> Vocabulary:
        """The names of its categories."""
        listed = self.categories.values()
        objects = [item.object for item in listed if item.object and item.kind != PART]
        return owners_vocabulary(objects, [(item.object, item.part) for item in listed if item.part])

    def entry(self, index: int) -> ImageEntry:
        """Read one image's rows and turn its masks into runs."""
        image, rows = self.index.rows(index)
        kept = [row for row in rows if isinstance(row, dict) and not row.get("iscrowd")]
        frame = self._frame(image, rows)
        if frame.height * frame.width == 0:
            return assemble(frame, [])
        found = [self._mark(frame, row) for row in kept]
        return assemble(frame, self.completed(frame, [mark for mark in found if mark is not None]))

    def split(self, row: Mapping[str, Any]) -> Category:
        """What a category row says."""
        return split_category(row, self.as_written)

    def plain(self, name: str) -> str:
        """A name of this layout in COCO's manner."""
        return name.strip() if self.as_written else spaced(name)

    def parent(self, row: Mapping[str, Any]) -> Hashable:
        """Id of the direct parent of an annotation: ``part_of``, else PACO's ``obj_ann_id`` of another annotation."""
        owner = id_of(row, "obj_ann_id")
        return id_of(row, "part_of") if "part_of" in row else None if owner == row.get("id") else owner

    def file_names(self, image: Mapping[str, Any]) -> Sequence[str]:
        """Where an image may be in the folder, likeliest first."""
        return [str(image["file_name"])] if image.get("file_name") else []

    def masks(self, rows: Sequence[Any]) -> Sequence[Any]:
        """The rows that are of masks, from those of an image."""
        return rows

    def completed(self, frame: Frame, marks: list[Mark]) -> list[Mark]:
        """The masks of an image with what follows from them."""
        return marks

    def exhaustive_ids(self, image: Mapping[str, Any], rows: Sequence[Any]) -> Set[Any]:
        """Ids of the categories of which every instance in the image is annotated."""
        crowded = {id_of(row, "category_id") for row in rows if isinstance(row, dict) and row.get("iscrowd")}
        return self.drawn_in(image, rows) - crowded if self._exhaustive else set()

    def drawn_in(self, image: Mapping[str, Any], rows: Sequence[Any]) -> Set[Any]:
        """Ids of the categories that are drawn in images like this: in a merged file those of the image's source."""
        source = source_of(image)
        return self._drawn[source].in_image(rows) if source else self.categories.keys()

    @cached_property
    def _drawn(self) -> dict[str, Drawn]:
        return drawn_by_source(self.index, self.masks)

    def _frame(self, image: Mapping[str, Any], rows: Sequence[Any]) -> Frame:
        where = f"image {image.get('id')}"
        names = self.file_names(image)
        path, problems = find_picture(self.folder, names, where)
        sides = usable_size(image.get("height"), image.get("width"))
        frame = Frame(
            path=path,
            height=sides[0],
            width=sides[1],
            source=str(image.get("source", self.format)),
            license_class=str(image.get("license_class", "unknown")),
            exhaustive=self._names_of(self.exhaustive_ids(image, rows)),
            where=where,
            named=names[0] if names else "",
            problems=list(problems),
            crowds=sum(isinstance(row, dict) and bool(row.get("iscrowd")) for row in self.masks(rows)),
        )
        if sides == (0, 0):
            frame.complain(problem.NO_SIZE, detail=f"{image.get('width')}x{image.get('height')}")
        return frame

    def _names_of(self, ids: Set[Any]) -> frozenset[str]:
        """Names whose every category is among the ids: two names may have become one, many objects have a wheel."""
        named = {exhaustive_name(self.categories[id]) for id in ids if id in self.categories}
        return frozenset(name for name in named if name and self._ids_of[name] <= ids)

    def _mark(self, frame: Frame, row: Mapping[str, Any]) -> Mark | None:
        id = id_of(row, "id")
        category = self.categories.get(id_of(row, "category_id"))
        if category is None:
            frame.complain(problem.UNKNOWN_CATEGORY, id, f"category {row.get('category_id')}")
            return None
        try:
            segment, boxed = self._segment(frame, row)
            if area(segment) == 0:
                raise Unusable(problem.EMPTY_MASK)
        except Unusable as error:
            frame.complain(error.kind, id, error.detail)
            frame.lost.add(exhaustive_name(category))
            return None
        return Mark(id, segment, *category, parent=self.parent(row), boxed=boxed, facts=own_id(row))

    def _segment(self, frame: Frame, row: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        given, box = row.get("segmentation"), row.get("bbox")
        if not given and box is not None:
            segment, outside = box_segment(box, frame.height, frame.width)
        else:
            segment, short = read_segment(given, frame.height, frame.width)
            if short:
                frame.complain(problem.SHORT_POLYGON, row.get("id"), f"{short} passed over")
            outside = box is not None and _outside(box, frame)
        if outside:
            frame.complain(problem.BOX_OUTSIDE, row.get("id"), f"{box}")
        return segment, not given and box is not None


def exhaustive_name(category: Category) -> str:
    """What ``exhaustive`` calls the masks of a category; empty when they have no name."""
    if category.kind == PART:
        return part_entry(category.part) if category.part else ""
    return category.object or ""


def own_id(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The record that a row of ours is of."""
    return {"id": row[ID]} if ID in row else None


def _outside(box: Any, frame: Frame) -> bool:
    """Whether a mask's ``bbox`` (x, y, width, height) reaches beyond the image by more than rounding."""
    x, y, across, down = numbers(box, 4)
    return min(x, y) < -1 or x + across > frame.width + 1 or y + down > frame.height + 1
