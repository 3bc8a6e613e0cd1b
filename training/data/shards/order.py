"""In which order a pass over the shards reads them: a pure function of (seed, epoch), so that any cut can be resumed.

Shards are shuffled, and images within each. Every reader (rank and worker) gets a run of that order, all of one length
give or take one image, so that it reads few shards, and each from front to back in time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import BadInput


@dataclass(frozen=True, order=True)
class Position:
    """The next image to read: epoch, place of its shard in the epoch's order, place of the image in that shard's."""

    epoch: int
    shard: int
    sample: int

    def to_json(self) -> dict[str, int]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Any) -> "Position":
        """Back; BadInput for anything else."""
        names = [item.name for item in fields(cls)]
        if not isinstance(value, dict) or any(type(value.get(name)) is not int for name in names):
            raise BadInput(f"a position is {', '.join(names)}, each a whole number")
        return cls(*(value[name] for name in names))


@dataclass(frozen=True)
class Part:
    """Reader ``number`` of ``count``. Raises BadInput for a number that there is not."""

    number: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.number < self.count:
            raise BadInput(f"reader {self.number} of {self.count} does not exist: they count from 0")

    @classmethod
    def of_worker(cls, rank: int, ranks: int, worker: int = 0, workers: int = 1) -> "Part":
        """A worker of a process."""
        Part(rank, ranks)
        Part(worker, workers)
        return cls(rank * workers + worker, ranks * workers)


@dataclass(frozen=True)
class EpochOrder:
    """The order of one reader. ``counts``: images of each shard. Raises BadInput when a reader would have none."""

    counts: Sequence[int]
    seed: int = 0
    part: Part = Part()

    def __post_init__(self) -> None:
        if sum(self.counts) < self.part.count:
            raise BadInput(f"{self.part.count} readers cannot share {sum(self.counts)} images: take fewer")

    def shards(self, epoch: int) -> NDArray[np.int64]:
        """(shards,) their order in an epoch."""
        return np.random.default_rng((self.seed, epoch, 0)).permutation(len(self.counts))

    def samples(self, epoch: int, shard: int) -> NDArray[np.int64]:
        """(images,) the order of a shard's images in an epoch."""
        return np.random.default_rng((self.seed, epoch, 1 + shard)).permutation(self.counts[shard])

    def start(self, epoch: int = 0) -> Position:
        """Where this reader begins an epoch."""
        return self._position(epoch, self._run()[0])

    def walk(self, position: Position | None = None) -> Iterator[tuple[int, int, Position]]:
        """(shard, index of an image in it, the position behind it) from a position on, without end.

        Raises BadInput for a position that this reader never has, as after a change of their number.
        """
        position = self.start() if position is None else position
        flat = self._place(position)
        for epoch in count(position.epoch):
            yield from self._pass(epoch, flat)
            flat = self._run()[0]

    def _pass(self, epoch: int, flat: int) -> Iterator[tuple[int, int, Position]]:
        """The rest of an epoch."""
        end = self._run()[1]
        shards = self.shards(epoch)
        ends = self._ends(epoch)
        while flat < end:
            place = int(np.searchsorted(ends, flat, side="right"))
            shard = int(shards[place])
            first = int(ends[place]) - self.counts[shard]
            for index in self.samples(epoch, shard)[flat - first : end - first]:
                flat += 1
                inside = flat < min(end, ends[place])
                yield shard, int(index), Position(epoch, place, flat - first) if inside else self._behind(epoch, flat)

    def _behind(self, epoch: int, flat: int) -> Position:
        """The beginning of the next shard or epoch."""
        return self._position(epoch, flat) if flat < self._run()[1] else self.start(epoch + 1)

    def _run(self) -> tuple[int, int]:
        """First and last place of this reader among all images, the last exclusive."""
        total, number, readers = sum(self.counts), self.part.number, self.part.count
        return total * number // readers, total * (number + 1) // readers

    def _ends(self, epoch: int) -> NDArray[np.int64]:
        return np.cumsum(np.asarray(self.counts)[self.shards(epoch)])

    def _position(self, epoch: int, flat: int) -> Position:
        ends = self._ends(epoch)
        place = int(np.searchsorted(ends, flat, side="right"))
        return Position(epoch, place, flat - (int(ends[place - 1]) if place else 0))

    def _place(self, position: Position) -> int:
        """The position among all images of its epoch."""
        first, end = self._run()
        if position.epoch >= 0 and 0 <= position.shard < len(self.counts):
            images = self.counts[int(self.shards(position.epoch)[position.shard])]
            flat = int(self._ends(position.epoch)[position.shard]) - images + position.sample
            if 0 <= position.sample < images and first <= flat < end:
                return flat
        raise BadInput(
            f"{position} is not of reader {self.part.number} of {self.part.count} here: "
            "resume with as many processes and workers, on the same shards"
        )
