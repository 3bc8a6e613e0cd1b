"""A kind of object for ``active_learning.py``: weights that do not know its parts, its pool and its test."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from new_parts import Content, of_kind

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.api import Vocabulary
from semsam_annotate.model.checkpoints.weights import load_checkpoint

HELD = 4
"""Photos to calibrate on: about 30 masks."""


@dataclass(frozen=True)
class Options:
    """What all settings share."""

    data: Path
    work: Path
    rows: Path
    start: int
    rounds: int
    pool: int
    test: int | None
    steps: int


class Kind:
    """A kind of object, the weights that do not know its parts, its pool and its test."""

    def __init__(self, name: str, base: Path, options: Options) -> None:
        self.name, self.base, self.options = name, base, options
        self.data = options.data / "parts"
        self.folder = options.work / f"{name}-{load_checkpoint(base)[2]}"
        self.folder.mkdir(parents=True, exist_ok=True)
        whole: Content = json.loads((self.data / "train.json").read_text(encoding="utf-8"))
        self.train = of_kind(whole, name)
        val: Content = json.loads((self.data / "val.json").read_text(encoding="utf-8"))
        self.test = self._written("test.json", of_kind(val, name))

    @cached_property
    def words(self) -> Vocabulary:
        """The names of the kind's own photos of train.json, as an annotator lists them beforehand."""
        names = [row["name"] for row in self.train["categories"]]
        parts = sorted({name.partition("/")[2] for name in names if name.startswith(f"{self.name}/")})
        return Vocabulary(sorted({name for name in names if "/" not in name}), parts)

    def drawn(self, seed: int) -> list[int]:
        """The ids of a seed's pool, those that are labelled first in front."""
        return self._order(seed)[:-HELD][: self.options.pool]

    def held(self, seed: int) -> list[int]:
        """The ids of the photos to calibrate on, none of them in the pool."""
        return self._order(seed)[-HELD:]

    def photo(self, id: int) -> Path:
        """The file of a photo."""
        return self.data / str(next(row["file_name"] for row in self.train["images"] if row["id"] == id))

    def annotated(self, name: str, ids: Sequence[int]) -> Path:
        """A COCO file of the truth of some photos."""
        return self._written(f"{name}.json", of_kind(self.train, self.name, keep=ids))

    def questions(self, name: str, ids: Sequence[int]) -> Path:
        """The same with every name of the kind to choose from, whichever these photos show."""
        content = of_kind(self.train, self.name, keep=ids)
        return self._written(f"{name}.json", {**content, "categories": self.train["categories"]})

    def _order(self, seed: int) -> list[int]:
        every = sorted(row["id"] for row in self.train["images"])
        return [int(id) for id in np.random.default_rng(seed).permutation(every)]

    def _written(self, name: str, content: Content) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(content).encode())
        return path
