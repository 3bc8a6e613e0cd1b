"""Where the images of a shard are: a table beside its tar, 72 bytes an image in memory."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import BadInput
from semsam_annotate.training.data.encoding import to_json
from semsam_annotate.training.data.shards.index import Shard

BLOCK = 512
"""Bytes of a tar's header; members begin at multiples of it."""

Bytes = TypeVar("Bytes", int, NDArray[np.int64])


@dataclass(frozen=True)
class Row:
    """One image: byte offset of its annotation in the tar, sizes of annotation and photo, masks, digest, origin."""

    offset: int
    text: int
    photo: int
    masks: int
    sha256: str
    origin: tuple[str, str]

    @property
    def photo_offset(self) -> int:
        """The photo is the next member: padding and a header lie between."""
        return photo_offset(self.offset, self.text)


def photo_offset(offset: Bytes, text: Bytes) -> Bytes:
    """Where the photo begins behind an annotation of ``text`` bytes at ``offset``."""
    return offset + -(-text // BLOCK) * BLOCK + BLOCK


@dataclass(frozen=True)
class Table:
    """``numbers`` (N, 5) int64: offset, sizes of annotation and photo, masks, which origin. ``sha256`` (N, 32) uint8.

    ``origins``: (source, licence class) of the images.
    """

    numbers: NDArray[np.int64]
    sha256: NDArray[np.uint8]
    origins: tuple[tuple[str, str], ...]

    def __len__(self) -> int:
        return len(self.numbers)

    def row(self, index: int) -> Row:
        """One image."""
        offset, text, photo, masks, origin = map(int, self.numbers[index])
        return Row(offset, text, photo, masks, self.sha256[index].tobytes().hex(), self.origins[origin])


def dump_table(rows: Sequence[Row]) -> bytes:
    """As JSON: a list a column."""
    origins = sorted({row.origin for row in rows})
    place = {origin: number for number, origin in enumerate(origins)}
    columns = {name: [getattr(row, name) for row in rows] for name in ("offset", "text", "photo", "masks", "sha256")}
    return to_json({**columns, "origin": [place[row.origin] for row in rows], "origins": origins})


def read_table(folder: Path, shard: Shard) -> Table:
    """The table of a shard; BadInput when it is missing, not the one of the index, or points outside of the tar."""
    path = folder / shard.table
    data = _bytes(path)
    if hashlib.sha256(data).hexdigest() != shard.table_sha256:
        raise BadInput(f"{path} is damaged: its SHA-256 is not the one in the index")
    try:
        table = _parse(json.loads(data))
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError, AttributeError) as error:
        raise BadInput(f"{path} is no table of a shard: {error!r:.100}") from error
    if not _fits(table, shard):
        raise BadInput(f"{path} does not fit its shard: {shard.images} images within {shard.bytes} bytes")
    return table


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise BadInput(f"the table {path} of a shard is not there") from error


def _parse(content: dict[str, Any]) -> Table:
    columns = [content[name] for name in ("offset", "text", "photo", "masks", "origin")]
    if not all(type(value) is int for column in columns for value in column):
        raise ValueError("places are whole numbers")
    digests = np.frombuffer(bytes.fromhex("".join(map(str, content["sha256"]))), np.uint8).reshape(-1, 32)
    origins = tuple((str(source), str(license)) for source, license in content["origins"])
    return Table(np.array(columns, np.int64).T.reshape(-1, 5), digests, origins)


def _fits(table: Table, shard: Shard) -> bool:
    offset, text, photo, masks, origin = table.numbers.T
    if len(table) != shard.images or len(table.sha256) != shard.images or int(masks.sum()) != shard.masks:
        return False
    if not len(table):
        return True
    most = shard.bytes
    inside = table.numbers.min() >= 0 and max(offset.max(), text.max(), photo.max()) <= most
    return bool(inside and origin.max() < len(table.origins) and (photo_offset(offset, text) + photo <= most).all())
