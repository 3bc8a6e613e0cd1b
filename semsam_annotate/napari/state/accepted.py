"""An accepted mask as the plugin shows it: a view of one record of the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from semsam_annotate.annotations import Annotation
from semsam_annotate.api import Mask, Point, Rle, decode_rle, rle_area
from semsam_annotate.napari.state.labels import describe

Window = tuple[slice, slice]
"""Rows and columns of an image."""


@dataclass(frozen=True)
class AcceptedMask:
    """``id``: of its record. ``part_of``: id of the record it is a part of. ``time``: when it was made, sorts as text.
    ``edits``: strokes by hand in it. ``track``: of the same thing in other frames. ``by_hand``: whether a person
    pointed at it or painted in it. ``review``: what a reviewer said last, ``remark``: what was to be changed.

    Only the cut-out is kept decoded: hundreds of masks of a large image would not fit in memory.
    """

    id: str
    time: str
    rle: Rle
    object: str | None
    part: str | None
    part_of: str | None
    score: float
    edits: int = 0
    track: str | None = None
    by_hand: bool = False
    review: str | None = None
    remark: str | None = None

    @classmethod
    def of(cls, record: Annotation, remark: str | None = None) -> "AcceptedMask":
        """The view of a record."""
        names, edits = (record.object, record.part, record.part_of), record.edits or 0
        made = edits, record.track, bool(record.clicks or edits)
        said = record.review, remark
        return cls(record.id, record.time, record.mask, *names, record.score or 0.0, *made, *said)

    @property
    def mask(self) -> Mask:
        """(H, W) bool."""
        return decode_rle(self.rle)

    @cached_property
    def cut_out(self) -> tuple[Window, Mask]:
        """The smallest rectangle around the mask, and the mask in it."""
        mask = self.mask
        window = bounds(mask) or (slice(0, 0), slice(0, 0))
        return window, mask[window].copy()

    @cached_property
    def area(self) -> int:
        """Number of pixels."""
        return rle_area(self.rle)

    @property
    def title(self) -> str:
        """For people: "wheel of car"."""
        return describe(self.object, self.part)


def bounds(mask: Mask) -> Window | None:
    """The smallest rectangle around a mask, None for an empty one."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def around(windows: Sequence[Window | None]) -> Window | None:
    """The smallest rectangle around others."""
    there = [window for window in windows if window is not None]
    if not there:
        return None
    rows, columns = zip(*there, strict=True)
    return _span(rows), _span(columns)


def _span(spans: Sequence[slice]) -> slice:
    return slice(min(span.start for span in spans), max(span.stop for span in spans))


def parent_for(mask: Mask, accepted: Sequence[AcceptedMask]) -> AcceptedMask | None:
    """The smallest accepted mask that holds at least 90 % of ``mask`` and is larger, or None."""
    area = int(mask.sum())
    holding = [other for other in accepted if other.area > area and _shared(other, mask) >= 0.9 * max(area, 1)]
    return min(holding, key=lambda other: other.area, default=None)


def at_point(point: Point, accepted: Sequence[AcceptedMask]) -> AcceptedMask | None:
    """The smallest accepted mask under (x, y), or None."""
    column, row = round(point[0]), round(point[1])
    under = [mask for mask in accepted if _covers(mask, row, column)]
    return min(under, key=lambda mask: mask.area, default=None)


def _shared(other: AcceptedMask, mask: Mask) -> int:
    window, inner = other.cut_out
    return int(np.count_nonzero(inner & mask[window]))


def _covers(mask: AcceptedMask, row: int, column: int) -> bool:
    (rows, columns), inner = mask.cut_out
    inside = rows.start <= row < rows.stop and columns.start <= column < columns.stop
    return inside and bool(inner[row - rows.start, column - columns.start])
