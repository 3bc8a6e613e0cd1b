"""Our PNG label maps: what a value of a map means stands in ``legend.json``."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semsam_annotate.annotations.formats.label_maps import FORMAT, LEGEND
from semsam_annotate.api import BadInput
from semsam_annotate.training.data import problem
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.readers.data_set import DataSet
from semsam_annotate.training.data.readers.marks import Frame, Mark, assemble
from semsam_annotate.training.data.readers.picture_row import facts_of, frame_of, read_map, text_of
from semsam_annotate.training.data.readers.pictures import guess_folder
from semsam_annotate.training.data.record import OBJECT, PART
from semsam_annotate.training.data.segments import encode
from semsam_annotate.training.data.synonyms import Synonyms


class LabelMapSet(DataSet):
    """A folder with ``legend.json``, maps of objects and maps of parts; the images are looked for around it."""

    format: ClassVar[str] = "label-maps"

    def __init__(self, folder: Path, images: Path | None = None, synonyms: Synonyms | None = None) -> None:
        self.folder, self._synonyms = folder, Synonyms() if synonyms is None else synonyms
        self._rows = _rows(folder / LEGEND)
        names = [str(self._rows[0].get("file_name"))] if self._rows else []
        self._images = images or guess_folder(folder / LEGEND, names)

    def __len__(self) -> int:
        return len(self._rows)

    def entry(self, index: int) -> ImageEntry:
        """Cut the two maps of an image into masks."""
        row = self._rows[index]
        frame = frame_of(row, self._images, self.format, text_of(row.get("split")))
        if frame.height * frame.width == 0:
            return assemble(frame, [])
        if row.get("plane"):
            frame.complain(problem.IN_PLANE)
            return assemble(frame, [])
        return assemble(frame, [*self._marks(frame, row, "object"), *self._marks(frame, row, "part")])

    def _marks(self, frame: Frame, row: Mapping[str, Any], kind: str) -> list[Mark]:
        values = read_map(frame, self.folder, str(row.get(f"{kind}_map")), _values)
        given = row.get(f"{kind}s")
        listed = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
        if values is None:
            return []
        present = set(np.unique(values).tolist())
        marks = []
        for item in listed:
            value = item.get("value")
            if type(value) is not int or value not in present - {0}:
                frame.complain(problem.EMPTY_MASK, f"{kind} {value}", "no pixel of the map has its value")
                continue
            marks.append(
                Mark(
                    (kind, value),
                    encode(values == value),
                    PART if kind == "part" else OBJECT,
                    self._synonyms.object(text_of(item.get("object"))),
                    self._synonyms.part(text_of(item.get("part"))) if kind == "part" else None,
                    parent=_parent(item.get("part_of")),
                    facts=facts_of(item),
                )
            )
        return marks


def _values(file: Image.Image) -> NDArray[np.int64]:
    return np.asarray(file).astype(np.int64).reshape(file.height, file.width)


def _rows(path: Path) -> Sequence[dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from error
    rows = content.get("images") if isinstance(content, dict) and content.get("format") == FORMAT else None
    if not isinstance(rows, list):
        raise BadInput(f'{path} is no legend of label maps: it needs "format": "{FORMAT}" and a list of images')
    return [row for row in rows if isinstance(row, dict)]


def _parent(given: Any) -> tuple[str, int] | None:
    """Map and value of a parent."""
    if not isinstance(given, dict) or type(given.get("value")) is not int:
        return None
    return str(given.get("map")), given["value"]
