"""What can be taken back in a picture, and taken back again."""

from dataclasses import dataclass
from typing import Literal

from semsam_annotate.napari.state.accepted import AcceptedMask
from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.state.labels import LabelChoice
from semsam_annotate.napari.state.picture import Picture


@dataclass(frozen=True)
class Step:
    """One change of the store: ``mask`` was accepted from ``candidate``, or deleted."""

    kind: Literal["accepted", "deleted"]
    mask: AcceptedMask
    picture: Picture
    candidate: Candidate
    choice: LabelChoice


class History:
    """Steps done and steps taken back; each picture has its own order, so nothing changes out of sight."""

    def __init__(self) -> None:
        self._done: list[Step] = []
        self._undone: list[Step] = []

    def add(self, step: Step) -> None:
        """Record a new step; what was taken back before in its picture can no longer come back."""
        self._done.append(step)
        self._undone = [other for other in self._undone if not _same(other.picture, step.picture)]

    def undo(self, picture: Picture) -> Step | None:
        """The newest step in ``picture``, now taken back; None when there is none."""
        return _move_last(self._done, self._undone, picture)

    def redo(self, picture: Picture) -> Step | None:
        """The step of ``picture`` taken back last, now done again; None when there is none."""
        return _move_last(self._undone, self._done, picture)


def _move_last(source: list[Step], target: list[Step], picture: Picture) -> Step | None:
    for index in range(len(source) - 1, -1, -1):
        if _same(source[index].picture, picture):
            target.append(source.pop(index))
            return target[-1]
    return None


def _same(first: Picture, second: Picture) -> bool:
    return (first.sha256, first.plane) == (second.sha256, second.plane)
