"""What each source of a merged file draws: a category that a source never draws may be in its images, undrawn."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from semsam_annotate.training.data.readers.categories import id_of
from semsam_annotate.training.data.readers.row_index import RowIndex


@dataclass(frozen=True)
class Drawn:
    """Ids of the categories that one source draws: countable ones, and stuff, which only some of its images show."""

    things: set[Any] = field(default_factory=set)
    stuff: set[Any] = field(default_factory=set)

    def in_image(self, rows: Sequence[Any]) -> set[Any]:
        """Those that an image with these annotations is exhaustive in: stuff only where some of it is drawn."""
        return self.things | self.stuff if any(_is_stuff(row) for row in rows) else set(self.things)


def drawn_by_source(index: RowIndex, masks: Callable[[Sequence[Any]], Sequence[Any]]) -> dict[str, Drawn]:
    """By the ``source`` of the images; ``masks``: rows of masks from an image's annotations. Reads the whole file."""
    found: dict[str, Drawn] = defaultdict(Drawn)
    for number in range(len(index)):
        image, rows = index.rows(number)
        drawn = found[source_of(image)]
        for row in masks(rows):
            if isinstance(row, dict):
                (drawn.stuff if _is_stuff(row) else drawn.things).add(id_of(row, "category_id"))
    return dict(found)


def source_of(image: Mapping[str, Any]) -> str:
    """Name of the data set that an image of a merged file came from; empty when it does not say."""
    return str(image.get("source") or "")


def _is_stuff(row: Any) -> bool:
    return isinstance(row, dict) and row.get("isthing") == 0
