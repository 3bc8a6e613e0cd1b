"""Prototypes in RAM: columns of one row each, contiguous, so that a search is one matrix product."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.model.prototypes.prototype import FloatRows, Prototype

_FIRST_ROWS = 256


class PrototypeTable:
    """Blocks that double when they are full; a forgotten row is filled by the last one.

    ``raw``: vectors as they came, in half precision; ``unit``: in the metric that is used now (``set_units``).
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self._blocks: dict[str, NDArray[Any]] = {
            "raw": np.zeros((_FIRST_ROWS, dim), np.float16),
            "unit": np.zeros((_FIRST_ROWS, 0), np.float32),
            "checksum": np.zeros(_FIRST_ROWS, np.uint64),
        }
        self.prototypes: list[Prototype] = []
        self._row: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.prototypes)

    def __contains__(self, id: str) -> bool:
        return id in self._row

    def raw(self, rows: Sequence[int] | slice = slice(None)) -> FloatRows:
        """(n, dim) vectors of rows."""
        return np.asarray(self._blocks["raw"][: len(self)][rows], np.float32)

    @property
    def unit(self) -> FloatRows:
        """(N, d) vectors in the metric, a view."""
        return self._blocks["unit"][: len(self)]

    @property
    def checksum(self) -> NDArray[np.uint64]:
        """(N,) checksums of ids."""
        return self._blocks["checksum"][: len(self)]

    def row(self, id: str) -> int:
        """Row of an id that is here."""
        return self._row[id]

    def put(self, prototypes: Sequence[Prototype], vectors: FloatRows) -> None:
        """Add prototypes, or replace those of the same ids; the last of several with one id stays."""
        rows = [self._place(prototype) for prototype in prototypes]
        self._blocks["raw"][rows] = vectors
        self._blocks["checksum"][rows] = [checksum(prototype.id) for prototype in prototypes]

    def drop(self, id: str) -> None:
        """Forget a prototype; an unknown id changes nothing."""
        row = self._row.pop(id, None)
        if row is None:
            return
        last = self.prototypes.pop()
        if last.id != id:
            for block in self._blocks.values():
                block[row] = block[len(self)]
            self.prototypes[row], self._row[last.id] = last, row

    def set_units(self, units: FloatRows, rows: Sequence[int] | slice = slice(None)) -> None:
        """Vectors in the metric of some rows; of all rows, they may have another length than before."""
        if isinstance(rows, slice):
            self._blocks["unit"] = np.zeros((len(self._blocks["raw"]), units.shape[1]), np.float32)
        self._blocks["unit"][: len(self)][rows] = units

    def sample(self, most: int) -> list[int]:
        """At most ``most`` rows, those of the smallest checksums, in that order: of a set always the same."""
        if len(self) <= most:
            return [int(row) for row in np.argsort(self.checksum, kind="stable")]
        found = np.argpartition(self.checksum, most)[:most]
        return [int(row) for row in found[np.argsort(self.checksum[found], kind="stable")]]

    def _place(self, prototype: Prototype) -> int:
        row = self._row.get(prototype.id)
        if row is not None:
            self.prototypes[row] = prototype
            return row
        row = self._row[prototype.id] = len(self)
        if row == len(self._blocks["raw"]):
            for name, block in self._blocks.items():
                self._blocks[name] = np.concatenate([block, np.zeros_like(block)])
        self.prototypes.append(prototype)
        return row


def checksum(id: str) -> int:
    """64 bits of an id, as good as random."""
    return int.from_bytes(hashlib.blake2b(id.encode(), digest_size=8).digest(), "big")
