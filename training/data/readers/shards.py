"""Shards that ``semsam data shards`` wrote: any image by its place, or all of them in a shuffled order."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

from semsam_annotate.api import BadInput
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.problem import Problem
from semsam_annotate.training.data.readers.data_set import DataSet
from semsam_annotate.training.data.record import Named, TrainingImage
from semsam_annotate.training.data.shards.audit import audit
from semsam_annotate.training.data.shards.index import Shard, read_index
from semsam_annotate.training.data.shards.order import EpochOrder, Part, Position
from semsam_annotate.training.data.shards.sample import entry_from_json
from semsam_annotate.training.data.shards.table import Row, read_table


class ShardSet(DataSet):
    """A folder of shards; every image is checked against its digest when it is read. Safe after a fork.

    Raises BadInput when the writer has not finished, or a shard is missing or cut off.
    """

    format: ClassVar[str] = "shards"

    def __init__(self, folder: Path) -> None:
        self.path = Path(folder)
        index = read_index(self.path)
        if not index.finished:
            raise BadInput(f"the shards in {folder} are not finished: run semsam data shards again to go on")
        for shard in index.shards:
            _check_file(self.path / shard.tar, shard.bytes)
        self._shards = index.shards
        self._tables = [read_table(self.path, shard) for shard in self._shards]
        self._ends = np.cumsum([len(table) for table in self._tables], dtype=np.int64)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def entry(self, index: int) -> ImageEntry:
        """Read one annotation."""
        shard, row, number = self._place(index)
        path = self.path / shard.tar
        where = f"{path}, image {number}"
        text = _verified(path, row, where)
        return entry_from_json(text, path, (row.photo_offset, row.photo), where)

    def load(self, index: int) -> TrainingImage:
        """Decode one image and its masks."""
        return self.entry(index).load()

    def source(self, index: int) -> str:
        """Name of the data set that the image came from."""
        return self._place(index)[1].origin[0]

    def names(self, index: int) -> Named:
        """Names of the image's masks, without decoding them."""
        return self.entry(index)

    def mask_count(self, index: int) -> int:
        """Number of masks of the image, without reading it."""
        return self._place(index)[1].masks

    def sha256(self) -> str:
        """Digest of the contents, by those of the shards; what is read later is checked against it."""
        told = "".join(f"{shard.sha256}{shard.table_sha256}" for shard in self._shards)
        return hashlib.sha256(told.encode()).hexdigest()

    def stream(
        self, seed: int, part: Part = Part(), start: Position | None = None
    ) -> Iterator[tuple[TrainingImage, Position]]:
        """Every image once an epoch, epochs without end; with each the position to go on from after it.

        ``part``: which reader of how many this is. Raises BadInput for a position that it never has.
        """
        order = EpochOrder([len(table) for table in self._tables], seed, part)
        for shard, number, after in order.walk(start):
            first = int(self._ends[shard]) - len(self._tables[shard])
            yield self.load(first + number), after

    def audit(self) -> Iterator[Problem]:
        """Compare every tar with its index."""
        for shard, table in zip(self._shards, self._tables, strict=True):
            yield from audit(self.path, shard, table)

    def _place(self, index: int) -> tuple[Shard, Row, int]:
        """Shard, row and number in the shard of an image."""
        if not 0 <= index < len(self):
            raise IndexError(f"the shards in {self.path} have {len(self)} images, there is no number {index}")
        which = int(np.searchsorted(self._ends, index, side="right"))
        number = index - int(self._ends[which]) + len(self._tables[which])
        return self._shards[which], self._tables[which].row(number), number


def _check_file(path: Path, size: int) -> None:
    """A plain file of that size in the folder itself."""
    if path.is_symlink():
        raise BadInput(f"the shard {path} is a link: put the file itself there")
    if not path.is_file():
        raise BadInput(f"the shard {path} is not there")
    if path.stat().st_size != size:
        raise BadInput(f"the shard {path} is damaged: it has {path.stat().st_size} bytes, its index says {size}")


def _verified(path: Path, row: Row, where: str) -> bytes:
    """The annotation; annotation and photo have their digest."""
    with path.open("rb") as file:
        data = os.pread(file.fileno(), row.photo_offset + row.photo - row.offset, row.offset)
    text, photo = data[: row.text], data[row.photo_offset - row.offset :]
    if hashlib.sha256(text + photo).hexdigest() != row.sha256:
        raise BadInput(f"{where} is damaged: its SHA-256 is not the one in the table")
    return text
