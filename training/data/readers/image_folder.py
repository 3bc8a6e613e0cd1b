"""Our folder for Hugging Face's ``datasets``: a folder a split, each with images and ``metadata.jsonl``."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from semsam_annotate.annotations.splits import SPLITS
from semsam_annotate.api import BadInput
from semsam_annotate.training.data import problem
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.readers.data_set import DataSet
from semsam_annotate.training.data.readers.marks import Frame, Mark, assemble
from semsam_annotate.training.data.readers.picture_row import facts_of, frame_of, text_of
from semsam_annotate.training.data.record import OBJECT, PART
from semsam_annotate.training.data.segments import Unusable, area, read_segment
from semsam_annotate.training.data.synonyms import Synonyms

METADATA = "metadata.jsonl"


class ImageFolderSet(DataSet):
    """Only where the lines are is kept in memory."""

    format: ClassVar[str] = "datasets"

    def __init__(self, folder: Path, synonyms: Synonyms | None = None) -> None:
        self._synonyms = Synonyms() if synonyms is None else synonyms
        files = [folder / METADATA, *sorted(folder.glob(f"*/{METADATA}"))]
        self._lines = [(file, offset) for file in files if file.is_file() for offset in _offsets(file)]

    def __len__(self) -> int:
        return len(self._lines)

    def entry(self, index: int) -> ImageEntry:
        """Read the line of one image."""
        file, offset = self._lines[index]
        row = _row(file, offset)
        split = file.parent.name if file.parent.name in SPLITS else None
        frame = frame_of(row, file.parent, self.format, split)
        if frame.height * frame.width == 0:
            return assemble(frame, [])
        listed = row.get("objects")
        rows = enumerate(listed if isinstance(listed, list) else [])
        marks = [self._mark(frame, place, item) for place, item in rows if isinstance(item, dict)]
        return assemble(frame, [mark for mark in marks if mark is not None])

    def _mark(self, frame: Frame, place: int, row: Mapping[str, Any]) -> Mark | None:
        try:
            segment, _ = read_segment(row.get("segmentation"), frame.height, frame.width)
            if area(segment) == 0:
                raise Unusable(problem.EMPTY_MASK)
        except Unusable as error:
            frame.complain(error.kind, place, error.detail)
            return None
        kind = PART if row.get("kind") == "part" else OBJECT
        part = self._synonyms.part(text_of(row.get("part"))) if kind == PART else None
        parent = row.get("part_of")
        above = parent if type(parent) is int and parent >= 0 else None
        object = self._synonyms.object(text_of(row.get("object")))
        return Mark(place, segment, kind, object, part, above, facts=facts_of(row))


def _offsets(file: Path) -> Iterator[int]:
    """Where the lines start."""
    offset = 0
    with file.open("rb") as opened:
        for line in opened:
            if line.strip():
                yield offset
            offset += len(line)


def _row(file: Path, offset: int) -> dict[str, Any]:
    with file.open("rb") as opened:
        opened.seek(offset)
        try:
            row = json.loads(opened.readline())
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{file} has a line at byte {offset} that is no JSON: {error}") from error
    if not isinstance(row, dict):
        raise BadInput(f"{file} has a line at byte {offset} that is no object")
    return row
