"""YOLO segmentation: ``data.yaml``, images in ``images/``, for each a text of polygons in ``labels/``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from semsam_annotate.annotations.formats.pictures import FOLDERS
from semsam_annotate.annotations.image_files import SUFFIXES
from semsam_annotate.api import BadInput
from semsam_annotate.training.data import problem
from semsam_annotate.training.data.entry import ImageEntry, Picture
from semsam_annotate.training.data.readers.categories import Category, read_categories, split_category
from semsam_annotate.training.data.readers.data_set import DataSet
from semsam_annotate.training.data.readers.file_names import FileNames
from semsam_annotate.training.data.readers.marks import Frame, Mark, assemble, usable_size
from semsam_annotate.training.data.segments import Unusable, area, read_segment
from semsam_annotate.training.data.synonyms import Synonyms

DATA = "data.yaml"
_SPLITS = {folder: split for split, folder in FOLDERS.items()} | {"validation": "validation"}


class YoloSet(DataSet):
    """The images under ``images/``, whichever split; a class called ``object:part`` is a part, its parent not told."""

    format: ClassVar[str] = "yolo"

    def __init__(self, folder: Path, synonyms: Synonyms | None = None) -> None:
        self.folder = folder
        names = _names(folder / DATA)
        rows = [{"id": id, "name": name} for id, name in names.items()]

        def split(row: Mapping[str, Any]) -> Category:
            """``Monitor/TV`` is a part where there is a Monitor too, else the slash belongs to the name."""
            whole = ":" not in row["name"] and row["name"].split("/")[0] not in names.values()
            return split_category({**row, "kind": "object"} if whole else row)

        self._categories = read_categories(rows, split, Synonyms() if synonyms is None else synonyms)
        images = folder / "images"
        files = (path for path in images.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
        self._files = FileNames(images, files)

    def __len__(self) -> int:
        return len(self._files)

    def entry(self, index: int) -> ImageEntry:
        """Fill the polygons of one image; its size is that of the file."""
        path = self._files[index]
        inside = path.relative_to(self.folder / "images")
        split = _SPLITS.get(inside.parts[0])
        frame = Frame(path, *_size(path), self.format, where=f"image {inside}", split=split)
        if frame.height * frame.width == 0:
            frame.complain(problem.NO_SIZE, detail="the image cannot be read")
            return assemble(frame, [])
        return assemble(frame, list(self._marks(frame, (self.folder / "labels" / inside).with_suffix(".txt"))))

    def _marks(self, frame: Frame, path: Path) -> Iterator[Mark]:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
        for number, line in enumerate(lines):
            category, segment = self._read(frame, number, line.split())
            if category is not None and segment is not None:
                yield Mark(number, segment, *category)

    def _read(self, frame: Frame, number: int, words: list[str]) -> tuple[Category | None, Any]:
        if not words:
            return None, None
        known = words[0].isascii() and words[0].isdigit() and len(words[0]) < 10
        category = self._categories.get(int(words[0])) if known else None
        if category is None:
            frame.complain(problem.UNKNOWN_CATEGORY, number, f"class {words[0]:.20}")
            return None, None
        try:
            segment, _ = read_segment([_pixels(words[1:], frame)], frame.height, frame.width)
            if area(segment) == 0:
                raise Unusable(problem.EMPTY_MASK)
        except Unusable as error:
            frame.complain(error.kind, number, error.detail)
            return None, None
        return category, segment


def _pixels(words: list[str], frame: Frame) -> list[float]:
    """Fractions as pixels. Raises Unusable for what is no number, and for a mere box of four."""
    try:
        numbers = [float(word) for word in words]
    except ValueError as error:
        raise Unusable(problem.NO_MASK, "a polygon is numbers") from error
    if len(numbers) < 6:
        raise Unusable(problem.NO_MASK, f"{len(numbers)} numbers are no polygon")
    return [number * (frame.height if place % 2 else frame.width) for place, number in enumerate(numbers)]


def _size(path: Path) -> tuple[int, int]:
    try:
        return usable_size(*Picture(path).upright_size())
    except (OSError, ValueError, SyntaxError):
        return 0, 0


def _names(path: Path) -> Mapping[int, str]:
    """The classes: a list, or a mapping from numbers."""
    import yaml  # here, since most who read data sets have none of YOLO's

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from error
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict):
        raise BadInput(f"{path} names no classes: it needs a list or mapping called names")
    return {id: str(name) for id, name in names.items() if isinstance(id, int)}
