"""Where the rows of a file with images and annotations are: some thirty bytes an annotation, whatever its mask."""

from array import array
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import BadInput
from semsam_annotate.training.data import problem
from semsam_annotate.training.data.problem import Problem
from semsam_annotate.training.data.readers.json_rows import JsonRows, Row, read_row

NEEDED = ("images", "annotations", "categories")


@dataclass(frozen=True)
class RowIndex:
    """The rows of image ``i`` are ``images[i]`` (offset, length) and ``annotations[starts[i]:starts[i + 1]]``.

    ``first_image``, ``first_annotation``, ``members`` (top-level names): for telling formats apart.
    """

    path: Path
    categories: tuple[dict[str, Any], ...]
    images: NDArray[np.int64]
    annotations: NDArray[np.int64]
    starts: NDArray[np.int64]
    first_image: dict[str, Any]
    first_annotation: dict[str, Any]
    members: frozenset[str]
    problems: tuple[Problem, ...] = ()

    def __len__(self) -> int:
        """Number of images."""
        return len(self.images)

    @property
    def nbytes(self) -> int:
        """Memory of the index."""
        return self.images.nbytes + self.annotations.nbytes + self.starts.nbytes

    def rows(self, index: int) -> tuple[dict[str, Any], list[Any]]:
        """The row of an image and those of its annotations, read from the file."""
        places = self.annotations[self.starts[index] : self.starts[index + 1]]
        try:
            with self.path.open("rb") as file:
                image = read_row(file, *map(int, self.images[index]))
                return dict(image), [read_row(file, int(offset), int(length)) for offset, length in places]
        except (ValueError, TypeError) as error:
            raise BadInput(f"{self.path} has changed since it was indexed: open it again") from error


def index_rows(path: Path) -> RowIndex:
    """Read a file with the lists images, annotations and categories once.

    Raises BadInput when it is not JSON or lacks a list; annotations of unlisted images and ids that come twice are
    problems of the index.
    """
    builder = _Builder()
    rows = JsonRows(path)
    try:
        for row in rows:
            builder.take(row)
    except (OverflowError, TypeError) as error:
        raise BadInput(f"{path} has an id that cannot be one: {error}") from error
    missing = [name for name in NEEDED if name not in rows.lists]
    if missing:
        raise BadInput(f"{path} is not COCO: it needs the lists {', '.join(NEEDED)}, and {missing[0]} is missing")
    return builder.finish(path, frozenset(rows.members))


@dataclass
class _Builder:
    """Gathers places; an image id becomes a slot when it is first met, in whichever list that is."""

    slots: dict[Hashable, int] = field(default_factory=dict)
    image_slots: "array[int]" = field(default_factory=lambda: array("q"))
    image_places: "array[int]" = field(default_factory=lambda: array("q"))
    owners: "array[int]" = field(default_factory=lambda: array("q"))
    places: "array[int]" = field(default_factory=lambda: array("q"))
    hashes: "array[int]" = field(default_factory=lambda: array("q"))
    categories: list[dict[str, Any]] = field(default_factory=list)
    first: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def take(self, row: Row) -> None:
        if row.key not in NEEDED:
            return
        if not isinstance(row.value, dict) or (row.key == "annotations" and "image_id" not in row.value):
            self.problems.append(Problem(problem.NOT_A_ROW, f"byte {row.offset} in {row.key}", f"{row.value!r:.60}"))
            return
        self.first.setdefault(row.key, row.value)
        if row.key == "categories":
            self.categories.append(row.value)
        elif row.key == "images":
            self.image_slots.append(self._slot(row.value.get("id")))
            self.image_places.extend((row.offset, row.length))
        else:
            self.owners.append(self._slot(row.value.get("image_id")))
            self.places.extend((row.offset, row.length))
            self.hashes.append(hash(row.value.get("id")))

    def _slot(self, id: Hashable) -> int:
        return self.slots.setdefault(id, len(self.slots))

    def finish(self, path: Path, members: frozenset[str]) -> RowIndex:
        slots, owners = np.array(self.image_slots, np.int64), np.array(self.owners, np.int64)
        image_of = np.full(len(self.slots), -1, np.int64)
        image_of[slots[::-1]] = np.arange(len(slots))[::-1]
        images = image_of[owners]
        self._complain(slots, image_of, images)
        listed = np.flatnonzero(images >= 0)
        order = listed[np.argsort(images[listed], kind="stable")]
        places = np.array(self.places, np.int64).reshape(-1, 2)[order]
        starts = np.searchsorted(images[order], np.arange(len(slots) + 1))
        return RowIndex(
            path=Path(path),
            categories=tuple(self.categories),
            images=np.array(self.image_places, np.int64).reshape(-1, 2),
            annotations=places,
            starts=starts.astype(np.int64),
            first_image=self.first.get("images", {}),
            first_annotation=self.first.get("annotations", {}),
            members=members,
            problems=tuple(self.problems),
        )

    def _complain(self, slots: NDArray[np.int64], image_of: NDArray[np.int64], images: NDArray[np.int64]) -> None:
        names = list(self.slots)
        owners = np.array(self.owners, np.int64)
        for slot in np.unique(owners[images < 0]):
            self.problems.append(Problem(problem.UNKNOWN_IMAGE, f"image {names[slot]}"))
        for slot in _twice(slots):
            self.problems.append(Problem(problem.DUPLICATE_ID, f"image {names[slot]}"))
        if "id" in self.first.get("annotations", {}):
            for id in _twice(np.array(self.hashes, np.int64)):
                self.problems.append(Problem(problem.DUPLICATE_ID, f"annotation {id}"))


def _twice(values: NDArray[np.int64]) -> NDArray[np.int64]:
    found, counts = np.unique(values, return_counts=True)
    return found[counts > 1]
