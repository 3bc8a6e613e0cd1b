"""The prototype memory of one model version: what was accepted, findable by how it looks."""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from semsam_annotate.api import BadInput
from semsam_annotate.model.prototypes.file import Changes, PrototypeFile
from semsam_annotate.model.prototypes.metric import MOST, Metric, fit_metric
from semsam_annotate.model.prototypes.nearest import Neighbours, nearest_rows
from semsam_annotate.model.prototypes.place import Places
from semsam_annotate.model.prototypes.prototype import PLACE, FloatRows, MaskVectors, Prototype
from semsam_annotate.model.prototypes.table import PrototypeTable

_BLOCK = 8192


class PrototypeMemory:
    """Prototypes in RAM and, with a ``path``, on disk; what ``put`` and ``forget`` did survives a ``kill -9``.

    Safe to use from several threads, and from several processes on one file: each sees what the others wrote. Vectors
    are rounded to half precision on their way in, so that a memory answers alike before and after it was reopened.
    """

    def __init__(self, version: str, dim: int, path: Path | None = None) -> None:
        """Open or begin a memory; ``version``: of what makes its vectors, ``dim``: their length, place included."""
        if not version or dim <= PLACE:
            raise BadInput(f"a memory needs a version and vectors of more than {PLACE} numbers, not {version!r}, {dim}")
        self.version, self.dim = version, dim
        self._table = PrototypeTable(dim)
        self._metric: Metric | None = None
        self._sampled: list[Prototype] = []
        self._unmeasured: set[str] = set()
        self._places: Places | None = None
        self._lock = threading.RLock()
        self._changed: dict[str, int] = {}
        self._change, self._elsewhere = 0, -1
        self._dirty = False
        self._file = None if path is None else PrototypeFile(path, version, dim)
        self._catch_up()

    def __len__(self) -> int:
        with self._lock:
            self._catch_up()
            return len(self._table)

    def __contains__(self, id: str) -> bool:
        with self._lock:
            self._catch_up()
            return id in self._table

    @property
    def change(self) -> int:
        """Number of the last change; a mark for ``put``'s ``unless_after``."""
        with self._lock:
            self._catch_up()
            return self._change

    def prototypes(self) -> dict[str, Prototype]:
        """Everything that is remembered, by record id."""
        with self._lock:
            self._catch_up()
            return {prototype.id: prototype for prototype in self._table.prototypes}

    def put(self, prototypes: Sequence[Prototype], vectors: MaskVectors, unless_after: int | None = None) -> None:
        """Remember masks, replacing those of the same ids; on disk when this returns.

        ``unless_after``: leave alone what changed after that mark, so that a slow re-making never brings back what was
        forgotten meanwhile. BadInput for vectors of another version or length.
        """
        values = self._checked(vectors)
        if len(values) != len(prototypes):
            raise BadInput(f"{len(prototypes)} prototypes need as many vectors, not {len(values)}")
        if np.abs(values).max(initial=0) > np.finfo(np.float16).max:
            raise BadInput("the vectors of a memory lie within half precision, -65504 to 65504")
        rounded = values.astype(np.float16).astype(np.float32)
        with self._lock:
            if self._file is not None:
                self._file.put(zip(prototypes, rounded, strict=True), unless_after)
                self._catch_up(mine=True)
                return
            bound = self._change if unless_after is None else unless_after
            kept = [row for row, item in enumerate(prototypes) if self._changed.get(item.id, 0) <= bound]
            self._apply(Changes(self._change + 1, [], [prototypes[row] for row in kept], rounded[kept]))

    def forget(self, ids: Iterable[str]) -> None:
        """Forget records, known or not; on disk when this returns."""
        wanted = list(dict.fromkeys(ids))
        if not all(isinstance(id, str) and id.strip() for id in wanted):
            raise BadInput("ids of records to forget are non-empty texts")
        with self._lock:
            if self._file is not None:
                self._file.forget(wanted)
                self._catch_up(mine=True)
                return
            self._apply(Changes(self._change + 1, wanted, [], np.zeros((0, self.dim), np.float32)))

    def settle(self) -> None:
        """Estimate the metric now, so that the next question need not wait for it."""
        with self._lock:
            self._catch_up()
            self._measure()

    def nearest(self, vectors: MaskVectors, count: int) -> Neighbours:
        """The ``count`` most similar prototypes of each mask; BadInput for vectors of another version or length."""
        if count < 1:
            raise BadInput(f"ask for at least one neighbour, not {count}")
        values = self._checked(vectors)
        with self._lock:
            self._catch_up()
            self._measure()
            if self._metric is None:
                nothing = np.zeros((len(values), 0), np.float32)
                return Neighbours(nothing, nothing, [[] for _ in values])
            queries = self._metric(values[:, :-PLACE])
            rows = nearest_rows(self._table.unit, queries, self._table.prototypes, count)
            units = self._table.unit[np.array(rows, np.intp).reshape(len(values), -1)]
            similarity = np.einsum("mkd,md->mk", units, queries)
            names = [[self._table.prototypes[row] for row in line] for line in rows]
            return Neighbours(similarity, self._metric.deviation(similarity), names)

    def places(self) -> Places:
        """Where the parts of each name lie."""
        with self._lock:
            self._catch_up()
            if self._places is None:
                rows = [row for row, item in enumerate(self._table.prototypes) if item.part is not None]
                names = [str(self._table.prototypes[row].part) for row in rows]
                self._places = Places.of(names, self._table.raw(rows)[:, -PLACE:])
            return self._places

    def close(self) -> None:
        """Close the file; calling it twice is fine."""
        with self._lock:
            if self._file is not None:
                self._file.close()

    def _checked(self, vectors: MaskVectors) -> FloatRows:
        if vectors.version != self.version:
            raise BadInput(
                f"these vectors were made by {vectors.version}, this memory holds those of {self.version}: re-make it"
            )
        if vectors.values.shape[1] != self.dim:
            raise BadInput(f"vectors of this memory have {self.dim} numbers, not {vectors.values.shape[1]}")
        return vectors.values

    def _catch_up(self, mine: bool = False) -> None:
        """Take over what the file's writers did since; asking whether there is anything costs microseconds."""
        if self._file is None:
            return
        elsewhere = self._file.writes_elsewhere()
        if mine or elsewhere != self._elsewhere:
            self._apply(self._file.changes(self._change))
            self._elsewhere = elsewhere

    def _apply(self, changes: Changes) -> None:
        """Each id is in one of the two lists, so their order does not matter."""
        put = [prototype.id for prototype in changes.prototypes]
        if not put and not changes.forgotten:
            return
        self._change = changes.last
        self._changed.update(dict.fromkeys([*put, *changes.forgotten], changes.last))
        for id in changes.forgotten:
            self._table.drop(id)
        self._table.put(changes.prototypes, changes.vectors)
        self._unmeasured = (self._unmeasured | set(put)) - set(changes.forgotten)
        self._places, self._dirty = None, True

    def _measure(self) -> None:
        """Bring metric and units up to date; the metric changes only when the sample it is estimated from does."""
        if not self._dirty:
            return
        rows = self._table.sample(MOST)
        sampled = [self._table.prototypes[row] for row in rows]
        if not rows:
            self._metric = None
        elif sampled != self._sampled or any(prototype.id in self._unmeasured for prototype in sampled):
            self._metric = fit_metric(sampled, self._table.raw(rows)[:, :-PLACE])
            self._table.set_units(self._units(list(range(len(self._table)))))
        elif self._unmeasured:
            changed = [self._table.row(id) for id in self._unmeasured]
            self._table.set_units(self._units(changed), changed)
        self._sampled, self._dirty = sampled, False
        self._unmeasured.clear()

    def _units(self, rows: list[int]) -> FloatRows:
        """(n, d) vectors of rows in the metric, a block at a time, so that full precision is never held of them all."""
        assert self._metric is not None
        blocks = [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
        return np.concatenate([self._metric(self._table.raw(block)[:, :-PLACE]) for block in blocks])
