"""From the masks that a format's reader found to the one record: parents looked up, circles cut, names handed down."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from semsam_annotate.training.data import problem
from semsam_annotate.training.data.entry import ImageEntry
from semsam_annotate.training.data.problem import Problem
from semsam_annotate.training.data.record import PART
from semsam_annotate.training.data.segments import Segment

MOST_PIXELS = 160_000_000
"""Of an image; a size beyond it is damage, and its masks would fill the memory."""


def usable_size(height: Any, width: Any) -> tuple[int, int]:
    """(height, width) in pixels; zeros for what cannot be the size of an image."""
    if type(height) is not int or type(width) is not int or min(height, width) < 1:
        return 0, 0
    return (height, width) if height * width <= MOST_PIXELS else (0, 0)


@dataclass(frozen=True)
class Mark:
    """One mask: id in the file, runs, kind, names, the id of its direct parent, whether only its box is known.

    ``facts``: what else the file says of it, not checked.
    """

    id: Hashable
    segment: Segment
    kind: int
    object: str | None
    part: str | None
    parent: Hashable = None
    boxed: bool = False
    facts: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Frame:
    """What an entry says beside its masks."""

    path: Path
    height: int
    width: int
    source: str
    license_class: str = "unknown"
    span: tuple[int, int] | None = None
    exhaustive: frozenset[str] = frozenset()
    where: str = ""
    named: str = ""
    problems: list[Problem] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    """Object names of masks that could not be used: about these the image is not exhaustive any more."""
    split: str | None = None
    crowds: int = 0
    """Crowd regions, which are passed over."""

    def complain(self, kind: str, id: Hashable = None, detail: str = "") -> None:
        """Note a problem of the image, or of one of its annotations."""
        where = self.where if id is None else f"{self.where}, annotation {id}"
        self.problems.append(Problem(kind, where, detail))


def assemble(frame: Frame, marks: Sequence[Mark]) -> ImageEntry:
    """The entry of an image; a part without an object's name gets that of its parent."""
    parents = _parents(frame, marks)
    objects = [mark.object for mark in marks]
    for row, mark in enumerate(marks):
        if mark.kind == PART and objects[row] is None:
            objects[row] = _inherited(row, parents, objects)
    return ImageEntry(
        path=frame.path,
        height=frame.height,
        width=frame.width,
        segments=tuple(mark.segment for mark in marks),
        kinds=tuple(mark.kind for mark in marks),
        objects=tuple(objects),
        parts=tuple(mark.part for mark in marks),
        parents=tuple(parents),
        source=frame.source,
        license_class=frame.license_class,
        ids=tuple(mark.id if isinstance(mark.id, int) else row for row, mark in enumerate(marks)),
        boxed=tuple(mark.boxed for mark in marks) if any(mark.boxed for mark in marks) else (),
        exhaustive=frame.exhaustive - frame.lost,
        problems=tuple(frame.problems),
        span=frame.span,
        named=frame.named,
        split=frame.split,
        crowds=frame.crowds,
        facts=tuple(mark.facts or {} for mark in marks) if any(mark.facts for mark in marks) else (),
    )


def _parents(frame: Frame, marks: Sequence[Mark]) -> list[int]:
    place = {mark.id: row for row, mark in enumerate(marks)}
    parents = []
    for mark in marks:
        known = mark.parent is None or mark.parent in place
        if not known:
            frame.complain(problem.PARENT_MISSING, mark.id, f"parent {mark.parent}")
        parents.append(place.get(mark.parent, -1) if mark.parent is not None else -1)
    for row in range(len(parents)):
        if _circular(row, parents):
            frame.complain(problem.PARENT_CYCLE, marks[row].id)
            parents[row] = -1
    return parents


def _circular(row: int, parents: Sequence[int]) -> bool:
    """Whether going up from a row comes back to it."""
    above, steps = parents[row], 0
    while above >= 0 and above != row and steps < len(parents):
        above, steps = parents[above], steps + 1
    return above == row


def _inherited(row: int, parents: Sequence[int], objects: Sequence[str | None]) -> str | None:
    above = parents[row]
    while above >= 0 and objects[above] is None:
        above = parents[above]
    return objects[above] if above >= 0 else None
