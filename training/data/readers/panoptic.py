"""COCO panoptic and ADE20K panoptic: one PNG of segment ids an image, every pixel of a thing or of stuff."""

from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semsam_annotate.training.data import problem
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.readers.categories import Category, id_of, spaced, split_category
from semsam_annotate.training.data.readers.coco import CocoSet, exhaustive_name, own_id
from semsam_annotate.training.data.readers.marks import Frame, Mark, assemble
from semsam_annotate.training.data.readers.picture_row import read_map
from semsam_annotate.training.data.readers.pictures import guess_folder
from semsam_annotate.training.data.readers.row_index import RowIndex
from semsam_annotate.training.data.record import OBJECT
from semsam_annotate.training.data.segments import encode
from semsam_annotate.training.data.synonyms import Synonyms

SUFFIXES = ("-other", "-merged", "-stuff")
"""Of COCO's stuff names; they say how the name was made."""


class PanopticSet(CocoSet):
    """Exhaustive in all its categories, those of an image's crowds aside.

    The PNGs are in the folder named like the file, ``panoptic_val2017.json`` and ``panoptic_val2017/``, or beside it.
    """

    format: ClassVar[str] = "panoptic"
    exhaustive_by_design: ClassVar[bool] = True

    def __init__(
        self,
        index: RowIndex,
        images: Path | None = None,
        synonyms: Synonyms | None = None,
        exhaustive: bool | None = None,
        as_written: bool = False,
    ) -> None:
        super().__init__(index, images, synonyms, exhaustive, as_written)
        named = index.path.with_suffix("")
        self.maps = (
            named if named.is_dir() else guess_folder(index.path, [str(index.first_annotation.get("file_name"))])
        )

    def split(self, row: Mapping[str, Any]) -> Category:
        """Of ``wall-other-merged`` the wall, of ADE20K's ``door, double door`` the first; with a kind it is ours."""
        if "kind" in row:
            return split_category(row, self.as_written)
        if self.as_written:
            return Category(OBJECT, row["name"].strip(), None)
        name = spaced(row["name"].split(",")[0])
        for suffix in SUFFIXES * 2:
            name = name.removesuffix(suffix)
        return Category(OBJECT, name, None)

    def file_names(self, image: Mapping[str, Any]) -> Sequence[str]:
        """As written; ADE20K's preparation may name the PNG of a JPEG."""
        return [spelt for name in super().file_names(image) for spelt in (name, str(Path(name).with_suffix(".jpg")))]

    def masks(self, rows: Sequence[Any]) -> Sequence[Any]:
        """The segments of a row."""
        return [info for row in rows for info in _segments(row)]

    def exhaustive_ids(self, image: Mapping[str, Any], rows: Sequence[Any]) -> Set[Any]:
        """All but those of crowds."""
        return super().exhaustive_ids(image, self.masks(rows))

    def entry(self, index: int) -> ImageEntry:
        """Read the PNG of an image and cut it into its segments."""
        return assemble(*self.marks(index))

    def marks(self, index: int) -> tuple[Frame, list[Mark]]:
        """The same before parents are looked up."""
        image, rows = self.index.rows(index)
        frame = self._frame(image, rows)
        usable = bool(rows) and frame.height * frame.width > 0
        ids = read_map(frame, self.maps, str(rows[0].get("file_name")), _ids) if usable else None
        if ids is None:
            frame.lost.update(frame.exhaustive)
            return frame, []
        return frame, self._cut(frame, _segments(rows[0]), ids)

    def _cut(self, frame: Frame, segments: Sequence[Mapping[str, Any]], ids: NDArray[np.uint32]) -> list[Mark]:
        present = set(np.unique(ids).tolist())
        marks = []
        for info in segments:
            id, category = id_of(info, "id"), self.categories.get(id_of(info, "category_id"))
            if category is None:
                frame.complain(problem.UNKNOWN_CATEGORY, id, f"category {info.get('category_id')}")
            elif id not in present:
                frame.complain(problem.EMPTY_MASK, id, "no pixel of the PNG has its id")
                frame.lost.add(exhaustive_name(category))
            elif not info.get("iscrowd"):
                marks.append(Mark(id, encode(ids == id), *category, facts=own_id(info)))
        listed = {id_of(info, "id") for info in segments}
        for id in sorted(present - listed - {0}):
            frame.complain(problem.NOT_A_ROW, id, "the PNG has pixels of a segment that is not listed")
        return marks


def _ids(file: Image.Image) -> NDArray[np.uint32]:
    """(H, W) ids, R + 256 G + 65536 B."""
    ids: NDArray[np.uint32] = np.asarray(file.convert("RGB"), np.uint32) @ np.array([1, 256, 65536], np.uint32)
    return ids


def _segments(row: Any) -> list[dict[str, Any]]:
    given = row.get("segments_info") if isinstance(row, dict) else None
    return [info for info in given if isinstance(info, dict)] if isinstance(given, list) else []
