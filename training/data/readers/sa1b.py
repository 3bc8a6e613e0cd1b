"""SA-1B: one JSON beside each JPEG, in folders or in plain tars; masks without names."""

import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import BadInput
from semsam_annotate.training.data import problem
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.readers.categories import id_of
from semsam_annotate.training.data.readers.data_set import DataSet
from semsam_annotate.training.data.readers.file_names import FileNames
from semsam_annotate.training.data.readers.json_file import parse_object
from semsam_annotate.training.data.readers.marks import Frame, Mark, assemble, usable_size
from semsam_annotate.training.data.readers.pictures import find_picture
from semsam_annotate.training.data.record import UNKNOWN
from semsam_annotate.training.data.segments import Unusable, area, read_segment

SOURCE = "sa-1b"


class Sa1bFolder(DataSet):
    """The JSON files of a folder and its sub-folders, or one of them, each beside its image."""

    format: ClassVar[str] = SOURCE

    def __init__(self, folder: Path, images: Path | None = None) -> None:
        self._files, self._images = FileNames.under(folder, ".json"), images

    def __len__(self) -> int:
        return len(self._files)

    def entry(self, index: int) -> ImageEntry:
        """Read one JSON file."""
        path = self._files[index]
        image, rows = _content(path.read_bytes(), path)
        names = [str(image["file_name"])] if image.get("file_name") else [f"{path.stem}.jpg"]
        where = f"image {path.name}"
        found, problems = find_picture(self._images or path.parent, names, where)
        return class_agnostic(
            Frame(
                found,
                *usable_size(image.get("height"), image.get("width")),
                SOURCE,
                where=where,
                named=names[0],
                problems=list(problems),
            ),
            rows,
        )


@dataclass(frozen=True)
class _Members:
    """A tar's places: for each image the JSON's offset and size, the JPEG's offset (-1 without) and size."""

    path: Path
    places: NDArray[np.int64]


class Sa1bTars(DataSet):
    """Plain tars, read where they are; nothing is unpacked."""

    format: ClassVar[str] = SOURCE

    def __init__(self, paths: Sequence[Path]) -> None:
        self._tars = [_index(Path(path)) for path in paths]
        self._ends = np.cumsum([len(tar.places) for tar in self._tars])

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def entry(self, index: int) -> ImageEntry:
        """Read one JSON member."""
        which = int(np.searchsorted(self._ends, index, side="right"))
        tar = self._tars[which]
        offset, size, start, length = map(int, tar.places[index - (int(self._ends[which - 1]) if which else 0)])
        with tar.path.open("rb") as file:
            file.seek(offset)
            image, rows = _content(file.read(size), f"{tar.path} at byte {offset}")
        where = f"{tar.path.name}, image {image.get('file_name', image.get('image_id'))}"
        frame = Frame(
            tar.path,
            *usable_size(image.get("height"), image.get("width")),
            SOURCE,
            span=(max(start, 0), length),
            where=where,
        )
        if start < 0:
            frame.complain(problem.MISSING_IMAGE, detail="no member of that name with .jpg")
        return class_agnostic(frame, rows)


def class_agnostic(frame: Frame, rows: Sequence[Any]) -> ImageEntry:
    """Masks of which only the outline is known."""
    if frame.height * frame.width == 0:
        frame.complain(problem.NO_SIZE)
        return assemble(frame, [])
    marks = [_mark(frame, row) for row in rows]
    return assemble(frame, [mark for mark in marks if mark is not None])


def _mark(frame: Frame, row: Any) -> Mark | None:
    if not isinstance(row, dict):
        frame.complain(problem.NOT_A_ROW, detail=f"{row!r:.60}")
        return None
    id = id_of(row, "id")
    try:
        segment, short = read_segment(row.get("segmentation"), frame.height, frame.width)
    except Unusable as error:
        frame.complain(error.kind, id, error.detail)
        return None
    if short or area(segment) == 0:
        frame.complain(problem.SHORT_POLYGON if short else problem.EMPTY_MASK, id)
    return Mark(id, segment, UNKNOWN, None, None) if area(segment) else None


def _content(data: bytes, name: Path | str) -> tuple[dict[str, Any], list[Any]]:
    content = parse_object(data, name)
    image, rows = content.get("image"), content.get("annotations")
    if not isinstance(image, dict) or not isinstance(rows, list):
        raise BadInput(f"{name} is not SA-1B: it needs image and annotations")
    return image, rows


def _index(path: Path) -> _Members:
    texts: dict[str, tuple[int, int]] = {}
    photos: dict[str, tuple[int, int]] = {}
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                stem, _, suffix = member.name.rpartition(".")
                if member.isreg() and not member.issparse() and suffix in ("json", "jpg"):
                    (texts if suffix == "json" else photos)[stem] = (member.offset_data, member.size)
    except (tarfile.TarError, EOFError) as error:
        raise BadInput(f"{path} is not a plain tar, or is cut off: {error}") from error
    rows = [(*texts[stem], *photos.get(stem, (-1, 0))) for stem in sorted(texts)]
    return _Members(path, np.array(rows, np.int64).reshape(-1, 4))
