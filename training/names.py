"""The names that a run trains on, and their places in the class heads' targets."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.training.data.record import Named, part_entry
from semsam_annotate.training.targets import NO_LABEL


@dataclass(frozen=True)
class NameIndex:
    """Object names and bare part names in a fixed order, with how often each occurs."""

    objects: tuple[str, ...]
    parts: tuple[str, ...]
    object_counts: tuple[int, ...]
    part_counts: tuple[int, ...]

    @classmethod
    def count(cls, samples: Iterable[Named]) -> "NameIndex":
        """Count the names of images' masks; the order is alphabetical."""
        objects: dict[str, int] = {}
        parts: dict[str, int] = {}
        for sample in samples:
            for name in sample.objects:
                if name is not None:
                    objects[name] = objects.get(name, 0) + 1
            for name in sample.parts:
                if name is not None:
                    parts[name] = parts.get(name, 0) + 1
        listed, named = sorted(objects), sorted(parts)
        return cls(
            tuple(listed), tuple(named), tuple(objects[name] for name in listed), tuple(parts[name] for name in named)
        )

    def __post_init__(self) -> None:
        object.__setattr__(self, "_object_rows", {name: row for row, name in enumerate(self.objects)})
        object.__setattr__(self, "_part_rows", {name: row for row, name in enumerate(self.parts)})

    def object(self, name: str | None) -> int:
        """Row of an object name, -1 for None or a name outside the index."""
        rows: dict[str | None, int] = self._object_rows  # type: ignore[attr-defined]
        return rows.get(name, NO_LABEL)

    def among(self, names: Collection[str]) -> NDArray[np.bool_]:
        """(objects,) bool: which object names are among ``names``."""
        return np.array([name in names for name in self.objects], bool)

    def parts_among(self, names: Collection[str]) -> NDArray[np.bool_]:
        """(parts,) bool: which part names are among the ``exhaustive`` names of an image."""
        return np.array([part_entry(name) in names for name in self.parts], bool)

    def part(self, name: str | None) -> int:
        """Row of a part name, -1 for None or a name outside the index."""
        rows: dict[str | None, int] = self._part_rows  # type: ignore[attr-defined]
        return rows.get(name, NO_LABEL)
