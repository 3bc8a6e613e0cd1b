"""YOLO segmentation: ``data.yaml``, images in ``images/``, for each a text of polygons in ``labels/``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from semsam_annotate.annotations.formats.pictures import FOLDERS
from semsam_annotate.annotations.formats.yolo import KINDS
from semsam_annotate.annotations.image_files import SUFFIXES
from semsam_annotate.api import BadInput
from semsam_annotate.training.data import problem
from semsam_annotate.training.data.entry import ImageEntry, Picture
from semsam_annotate.training.data.problem import Problem
from semsam_annotate.training.data.readers.categories import Category, read_categories, split_category
from semsam_annotate.training.data.readers.data_set import DataSet
from semsam_annotate.training.data.readers.file_names import FileNames
from semsam_annotate.training.data.readers.marks import Frame, Mark, assemble, usable_size
from semsam_annotate.training.data.segments import Unusable, area, read_segment
from semsam_annotate.training.data.synonyms import Synonyms

DATA = "data.yaml"
_SPLITS = {folder: split for split, folder in FOLDERS.items()} | {"validation": "validation"}


class YoloSet(DataSet):
    """The images under ``images/``, whichever split; a class called ``object:part`` is a part, its parent not told.

    ``as_written``: names that say nothing are names, too.
    """

    format: ClassVar[str] = "yolo"

    def __init__(self, folder: Path, synonyms: Synonyms | None = None, as_written: bool = False) -> None:
        self.folder = folder
        rows = _classes(folder / DATA)
        names = {row["name"] for row in rows}

        def split(row: Mapping[str, Any]) -> Category:
            """``Monitor/TV`` is a part where there is a Monitor too, else the slash belongs to the name."""
            whole = ":" not in row["name"] and row["name"].split("/")[0] not in names - {row["name"]}
            return split_category({"kind": "object", **row} if whole else row, as_written)

        self._categories = read_categories(rows, split, Synonyms() if synonyms is None else synonyms)
        images = folder / "images"
        files = (path for path in images.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
        self._files = FileNames(images, files)
        self.problems = tuple(self._without_image())

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

    def _without_image(self) -> Iterator[Problem]:
        """Texts of masks beside which there is no image of their name."""
        images, labels = self.folder / "images", self.folder / "labels"
        files = (self._files[index] for index in range(len(self)))
        there = {path.relative_to(images).with_suffix("") for path in files}
        for path in sorted(labels.rglob("*.txt")):
            if path.relative_to(labels).with_suffix("") not in there and _has_masks(path):
                yield Problem(problem.MISSING_IMAGE, str(path.relative_to(self.folder)), "in images, of the same name")

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


def _has_masks(path: Path) -> bool:
    """Whether a text is of masks, as lists of classes and empty ones are not."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        words = next((line.split() for line in lines if line.strip()), [])
    return len(words) > 4 and words[0].isdigit()


def _classes(path: Path) -> list[dict[str, Any]]:
    """Their numbers and names, a list or a mapping from numbers, and their kinds where the file is ours."""
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
    kinds = content.get(KINDS)
    rows = [{"id": id, "name": str(name)} for id, name in names.items() if isinstance(id, int)]
    if isinstance(kinds, list) and len(kinds) == len(rows) and all(kind in ("object", "part") for kind in kinds):
        return [{**row, "kind": kind} for row, kind in zip(rows, kinds, strict=True)]
    return rows
