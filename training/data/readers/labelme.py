"""LabelMe: one JSON an image; ``group_id`` joins an object and its parts."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from semsam_annotate.api import BadInput
from semsam_annotate.training.data import problem
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.readers.categories import id_of, split_category
from semsam_annotate.training.data.readers.data_set import DataSet
from semsam_annotate.training.data.readers.file_names import FileNames
from semsam_annotate.training.data.readers.json_file import parse_object
from semsam_annotate.training.data.readers.labelme_shapes import shape_segment
from semsam_annotate.training.data.readers.marks import Frame, Mark, assemble, usable_size
from semsam_annotate.training.data.readers.pictures import find_picture
from semsam_annotate.training.data.record import PART
from semsam_annotate.training.data.segments import Segment, Unusable, area, union
from semsam_annotate.training.data.synonyms import Synonyms


class LabelmeSet(DataSet):
    """A JSON file, or those of a folder and its sub-folders.

    Shapes of one group and label are one mask in pieces. Of a group, the largest mask is the object and the others are
    its parts, unless their labels are ``object:part``. ``images``: folder of the images, by default beside each JSON.
    """

    format: ClassVar[str] = "labelme"

    def __init__(self, path: Path, images: Path | None = None, synonyms: Synonyms | None = None) -> None:
        self._files = FileNames.under(path, ".json")
        self._images, self._synonyms = images, Synonyms() if synonyms is None else synonyms

    def __len__(self) -> int:
        return len(self._files)

    def entry(self, index: int) -> ImageEntry:
        """Read one JSON file and draw its shapes."""
        path = self._files[index]
        content = parse_object(path.read_bytes(), path)
        shapes = content.get("shapes")
        if not isinstance(shapes, list):
            raise BadInput(f"{path} is not LabelMe: it needs shapes")
        frame = self._frame(path, content)
        if frame.height * frame.width == 0:
            return assemble(frame, [])
        return assemble(frame, self._marks(frame, shapes))

    def _frame(self, path: Path, content: dict[str, Any]) -> Frame:
        written = str(content.get("imagePath") or "").replace("\\", "/")
        names = [PurePosixPath(written).name if self._images else written]
        where = f"image {path.name}"
        found, problems = find_picture(self._images or path.parent, names, where)
        sides = usable_size(content.get("imageHeight"), content.get("imageWidth"))
        frame = Frame(found, *sides, self.format, where=where, named=written, problems=list(problems))
        if sides == (0, 0):
            frame.complain(problem.NO_SIZE, detail=f"{content.get('imageWidth')}x{content.get('imageHeight')}")
        return frame

    def _marks(self, frame: Frame, shapes: Sequence[Any]) -> list[Mark]:
        pieces: dict[tuple[Any, str], list[Segment]] = defaultdict(list)
        for number, shape in enumerate(shapes):
            try:
                if not isinstance(shape, dict) or not isinstance(shape.get("label"), str):
                    raise Unusable(problem.NOT_A_ROW, "a shape needs a label")
                group = id_of(shape, "group_id")
                alone = ("alone", number) if group is None else group
                segment = shape_segment(shape, frame.height, frame.width)
                pieces[alone, shape["label"].strip()].append(segment)
            except Unusable as error:
                frame.complain(error.kind, f"shape {number}", error.detail)
        masks: dict[Any, list[tuple[str, Segment]]] = defaultdict(list)
        for (group, label), segments in pieces.items():
            joined = union(segments)
            if area(joined):
                masks[group].append((label, joined))
            else:
                frame.complain(problem.EMPTY_MASK, label)
        return [mark for group, named in masks.items() for mark in self._group(group, named)]

    def _group(self, group: Any, named: list[tuple[str, Segment]]) -> list[Mark]:
        """The marks of one group, the object first."""
        ordered = sorted(named, key=lambda pair: -area(pair[1]))
        whole = next((pair for pair in ordered if split_category({"name": pair[0]}).kind != PART), ordered[0])
        marks = [self._mark(group, *whole, None)]
        parent = marks[0].id if marks[0].kind != PART else None
        return marks + [self._mark(group, *pair, parent) for pair in ordered if pair is not whole]

    def _mark(self, group: Any, label: str, segment: Segment, parent: Any) -> Mark:
        kind, object, part = split_category({"name": label})
        if parent is not None and kind != PART:
            kind, object, part = PART, None, label
        names = self._synonyms.object(object), self._synonyms.part(part)
        return Mark((group, label), segment, kind, *names, parent=parent)
