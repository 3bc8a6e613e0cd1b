"""Pascal-Part as published: one MATLAB file an image, objects with their parts."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import BadInput
from semsam_annotate.training.data import problem
from semsam_annotate.training.data.entry import ImageEntry, Picture
from semsam_annotate.training.data.readers.categories import spaced
from semsam_annotate.training.data.readers.data_set import DataSet
from semsam_annotate.training.data.readers.file_names import FileNames
from semsam_annotate.training.data.readers.marks import Frame, Mark, assemble, usable_size
from semsam_annotate.training.data.readers.pictures import find_picture, guess_folder
from semsam_annotate.training.data.record import OBJECT, PART
from semsam_annotate.training.data.segments import encode
from semsam_annotate.training.data.synonyms import Synonyms


class PascalPartSet(DataSet):
    """A ``.mat`` file or a folder of them; ``images``: VOC's JPEGImages, looked for around the folder when left out.

    Struct ``anno``: ``imname``, ``objects`` with ``class``, ``mask`` (H, W) and ``parts`` with ``part_name``, ``mask``.
    Shortened part names are written out by ``pascal_parts.toml``.
    """

    format: ClassVar[str] = "pascal-part"

    def __init__(self, path: Path, images: Path | None = None, synonyms: Synonyms | None = None) -> None:
        self._files = FileNames.under(path, ".mat")
        self._folder = images or guess_folder(self._files[0], [f"{self._files[0].stem}.jpg"])
        self._synonyms = Synonyms() if synonyms is None else synonyms
        table = tomllib.loads(Path(__file__).with_name("pascal_parts.toml").read_text(encoding="utf-8"))
        self._parts: dict[str, str] = table["parts"]

    def __len__(self) -> int:
        return len(self._files)

    def entry(self, index: int) -> ImageEntry:
        """Read one file."""
        path = self._files[index]
        annotation = _load(path)
        where = f"image {path.stem}"
        name = str(_field(annotation, "imname") or path.stem)
        found, problems = find_picture(self._folder, [f"{name}.jpg"], where)
        objects = list(_items(_field(annotation, "objects")))
        height, width = next((mask.shape for mask in map(_mask, objects) if mask is not None), _size(found))
        frame = Frame(found, *usable_size(height, width), self.format, where=where, named=name, problems=list(problems))
        if frame.height * frame.width == 0:
            frame.complain(problem.NO_SIZE)
            return assemble(frame, [])
        return assemble(frame, [mark for row, item in enumerate(objects) for mark in self._object(frame, row, item)])

    def _object(self, frame: Frame, row: int, item: Any) -> Iterator[Mark]:
        name = str(_field(item, "class") or "").strip()
        named = self._synonyms.object(spaced(name)) if name else None
        whole = self._mark(frame, f"object {row}", item, OBJECT, named, None, None)
        if whole is not None:
            yield whole
        for number, part in enumerate(_items(_field(item, "parts"))):
            word = self._synonyms.part(self.part_name(str(_field(part, "part_name") or "")))
            id = f"object {row} part {number}"
            mark = self._mark(frame, id, part, PART, named, word or None, whole.id if whole else None)
            if mark is not None:
                yield mark

    def part_name(self, short: str) -> str:
        """``lfpa`` is the left front paw, ``wheel_2`` a wheel."""
        bare = re.sub(r"_\d+$", "", short.strip())
        return self._parts.get(bare, spaced(bare))

    def _mark(
        self, frame: Frame, id: str, item: Any, kind: int, name: str | None, part: str | None, parent: Any
    ) -> Mark | None:
        mask = _mask(item)
        if mask is None or mask.shape != (frame.height, frame.width):
            shown = "none" if mask is None else f"{mask.shape[1]}x{mask.shape[0]}"
            frame.complain(problem.NO_MASK, id, f"{shown}, the image is {frame.width}x{frame.height}")
            return None
        if not mask.any():
            frame.complain(problem.EMPTY_MASK, id)
            return None
        return Mark(id, encode(mask), kind, name, part, parent)


def _load(path: Path) -> Any:
    from scipy.io import loadmat  # here, since the core install, which imports masks too, has no scipy

    try:
        content = loadmat(path, squeeze_me=True, struct_as_record=False, variable_names=["anno"])
    except Exception as error:  # its parser raises zlib's errors and many of its own on damaged files
        raise BadInput(f"{path} is not a MATLAB file that can be read (version 5 to 7): {error}") from error
    if "anno" not in content or _field(content["anno"], "objects") is None:
        raise BadInput(f"{path} is not Pascal-Part: it needs the struct anno with objects")
    return content["anno"]


def _field(item: Any, name: str) -> Any:
    """A field of a struct, None where it has none."""
    return getattr(item, name, None)


def _items(value: Any) -> list[Any]:
    """A struct array, which MATLAB squeezes to one struct or to an empty matrix."""
    if isinstance(value, np.ndarray):
        return [item for item in value.ravel() if hasattr(item, "_fieldnames")]
    return [value] if hasattr(value, "_fieldnames") else []


def _mask(item: Any) -> NDArray[np.bool_] | None:
    mask = _field(item, "mask")
    usable = isinstance(mask, np.ndarray) and mask.ndim == 2 and mask.dtype.kind in "biuf"
    return np.asarray(mask > 0) if usable else None


def _size(path: Path) -> tuple[int, int]:
    try:
        return Picture(path).upright_size()
    except (OSError, ValueError):
        return 0, 0
