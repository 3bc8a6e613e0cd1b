"""Which image file of a project to annotate next, kept until an image is further or another order holds."""

import threading
from collections.abc import Sequence
from pathlib import Path

from semsam_annotate.annotations.image_states import ImageProgress
from semsam_annotate.annotations.next_images import NextImages
from semsam_annotate.annotations.next_order import NextOrder


class ImageQueue:
    """The open images of the project in ``folder``, by its ``order``; threads may share it."""

    def __init__(self, folder: Path, order: NextOrder) -> None:
        self._folder, self._order = folder, order
        self._held: NextImages | None = None
        self._paths: list[Path] = []
        self._by_use: list[int] = []
        self._rows: Sequence[ImageProgress] = ()
        self._queue: list[Path] = []
        self._lock = threading.Lock()

    def of(self, rows: Sequence[ImageProgress]) -> list[Path]:
        """Files of those of a project's images that are open, the most useful first; ``rows``: not changed later."""
        with self._lock:
            held = self._order.holding()
            another = held is not self._held
            if another or rows != self._rows:  # quick: rows that have not changed are the same objects
                paths = [row.path for row in rows]
                if another or paths != self._paths:
                    self._held, self._paths, self._by_use = held, paths, self._places(paths, held)
                self._rows, self._queue = rows, self._open(rows)
            return list(self._queue)

    def _places(self, paths: list[Path], held: NextImages | None) -> list[int]:
        """Places of files in the list by the order written down; those that it does not know come after, as listed."""
        known = {} if held is None else held.files(self._folder)
        return sorted(range(len(paths)), key=lambda place: known.get(str(paths[place]), len(known)))

    def _open(self, rows: Sequence[ImageProgress]) -> list[Path]:
        """Without masks by the order, then those with masks by how hard the model found them."""
        new = [row.state == "new" for row in rows]  # one after the other: by the order, memory is read here and there
        paths = [self._paths[place] for place in self._by_use if new[place]]
        begun = sorted((row for row in rows if row.state not in ("done", "skipped") and row.accepted), key=_mean)
        return [*paths, *(row.path for row in begun)]


def _mean(image: ImageProgress) -> float:
    return 1.0 if image.score is None else image.score
