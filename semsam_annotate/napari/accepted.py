"""An accepted mask as the plugin shows it: a view of one record of the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from semsam_annotate.api import Mask, Point, Rle, decode_rle, rle_area
from semsam_annotate.napari.labels import describe


@dataclass(frozen=True)
class AcceptedMask:
    """``id``: of its record. ``part_of``: id of the record it is a part of. ``number``: 1, 2, … within the picture."""

    id: str
    number: int
    rle: Rle
    object: str | None
    part: str | None
    part_of: str | None
    score: float

    @cached_property
    def mask(self) -> Mask:
        """(H, W) bool."""
        return decode_rle(self.rle)

    @cached_property
    def area(self) -> int:
        """Number of pixels."""
        return rle_area(self.rle)

    @property
    def title(self) -> str:
        """For people: "3: wheel of car"."""
        return f"{self.number}: {describe(self.object, self.part)}"


def parent_for(mask: Mask, accepted: Sequence[AcceptedMask]) -> AcceptedMask | None:
    """The smallest accepted mask that holds at least 90 % of ``mask`` and is larger, or None."""
    area = int(mask.sum())
    holding = [
        other for other in accepted if other.area > area and np.count_nonzero(other.mask & mask) >= 0.9 * max(area, 1)
    ]
    return min(holding, key=lambda other: other.area, default=None)


def at_point(point: Point, accepted: Sequence[AcceptedMask]) -> AcceptedMask | None:
    """The smallest accepted mask under (x, y), or None."""
    column, row = round(point[0]), round(point[1])
    under = [mask for mask in accepted if _covers(mask.mask, row, column)]
    return min(under, key=lambda mask: mask.area, default=None)


def _covers(mask: Mask, row: int, column: int) -> bool:
    return 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1] and bool(mask[row, column])
