"""Touching up a mask by hand: the one shown, a selected one, or one drawn from nothing."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from semsam_annotate.api import BadInput, Mask, SemsamError, decode_rle, encode_rle
from semsam_annotate.napari.state.accepted import AcceptedMask
from semsam_annotate.napari.state.editing import MaskEditing
from semsam_annotate.napari.state.session import AnnotationSession
from semsam_annotate.napari.state.shift import Shift
from semsam_annotate.napari.state.unsaved import Unsaved


class TouchUp:
    """One mask at a time is open for brush and eraser; ``finish`` stores it as a manual edit.

    ``pixels``: (H, W) uint8, 1 in the mask, 0 outside; a view paints in this array. ``edits``: strokes so far.
    ``target``: id of the accepted mask it is, None for the mask being made.
    """

    changed = Signal()
    """It began or ended."""
    stroked = Signal()
    """It was painted in."""

    def __init__(
        self, session: AnnotationSession, editing: MaskEditing, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._session, self._editing, self._clock = session, editing, clock
        self._began = 0.0
        self._unsaved = Unsaved(session)
        self.pixels: NDArray[np.uint8] | None = None
        self.target: str | None = None
        self.edits = 0
        session.picture_changed.connect(self._stop)
        session.shifted.connect(self._follow)

    @property
    def active(self) -> bool:
        """Whether a mask is open."""
        return self.pixels is not None

    @property
    def mask(self) -> Mask:
        """(H, W) bool as it is painted now."""
        return np.zeros((0, 0), bool) if self.pixels is None else self.pixels == 1

    def begin(self) -> None:
        """Open the mask shown or, without one, the selected one or, without one, an empty one."""
        picture, selection = self._session.picture, self._editing.selection
        if picture is None or self.active:
            return
        shown = self._session.candidate.mask
        if self._session.waiting:
            self._session.told.emit("one moment: the answer to the last click is on its way")
        elif shown is not None:
            self._open(shown)
        elif len(selection) > 1:
            self._session.told.emit("select one mask to touch it up")
        elif not selection:
            self._open(np.zeros(picture.size, bool))
        elif selection[0].id in self._editing.locked:
            self._session.told.emit(f"{selection[0].title} is locked: unlock it first")
        else:
            self._open(selection[0].mask, selection[0].id)

    def painted(self, pixels: NDArray[Any]) -> None:
        """A stroke, a fill or a polygon was drawn."""
        if self.active:
            self.pixels = pixels
            self.edits += 1
            self.stroked.emit()

    def finish(self) -> None:
        """Store it: the accepted mask is corrected, the mask being made is accepted. An empty one is refused."""
        if not self.mask.any():
            raise BadInput("an empty mask cannot be kept: paint something, or press Esc to leave it")
        if self.target is None:
            self._session.touch(self.mask, self.edits, self._began)
            if self._session.accept() is not None:
                self._stop()
        elif self.edits:
            self._correct(self.target)
        else:
            self._stop()

    def keep(self) -> None:
        """Before somebody turns to another picture: what was painted is stored, the rest is left.

        What cannot be stored waits in this picture: ``recall`` brings it back there.
        """
        picture, painted = self._session.picture, self.edits and self.mask.any()
        if picture is not None and painted:
            why = self._failed()
            if self.active:
                self._unsaved.hold(self.mask, self.target, self.edits)
                self._session.told.emit(f"{why}: what you painted waits in {picture.title} while this window is open")
        self._stop()

    def recall(self) -> None:
        """Go on with what could not be stored when somebody turned away from the picture that is open."""
        held = self._unsaved.take()
        if held is not None:
            self._open(*held)
            self._session.told.emit("this was painted but not stored: Enter keeps it, Esc leaves it")

    def leave(self) -> None:
        """Forget what was painted."""
        self._stop()
        self._session.told.emit("left as it was")

    def kept(self) -> dict[str, Any] | None:
        """As plain JSON values, so that a killed window can go on with it; None when nothing is open."""
        return {"target": self.target, "edits": self.edits, "mask": encode_rle(self.mask)} if self.active else None

    def resume(self, kept: dict[str, Any]) -> None:
        """Go on with what ``kept`` gave; BadInput or KeyError when it does not belong to this picture."""
        mask, target, picture = decode_rle(kept["mask"]), kept["target"], self._session.picture
        if picture is None or mask.shape != picture.size or (target is not None and self._session.mask(target) is None):
            raise BadInput("the mask kept is of another picture")
        self._open(mask, target, int(kept["edits"]))

    def _open(self, mask: Mask, target: str | None = None, edits: int = 0) -> None:
        self.pixels, self.target, self.edits = mask.astype(np.uint8), target, edits
        self._began = self._clock()
        self.changed.emit()

    def _failed(self) -> str:
        """Why it could not be stored."""
        try:
            self.finish()
        except (SemsamError, OSError) as error:
            return str(error)
        return "not stored"

    def _correct(self, target: str) -> None:
        """Store it in the place of the accepted mask; when that is gone, it becomes a mask of its own."""
        old, self.target = self._session.mask(target), None  # what comes in its place is no longer painted
        try:
            if self._editing.redraw(target, self.mask, self.edits):
                self._stop()
        finally:
            if self.active and self._session.mask(target) is not None:
                self.target = target
        if old is not None and self.active and self.target is None:
            self._part_from(old)

    def _part_from(self, old: AcceptedMask) -> None:
        """It is no longer there to be corrected: what was painted has its names from now on, and nothing else of it."""
        self.target = None
        self._session.label(old.object or "", old.part or "")
        self._session.told.emit(
            f"somebody has changed {old.title} since: Enter keeps what you painted as a mask of its own"
        )

    def _stop(self, _: object = None) -> None:
        if self.active:
            self.pixels, self.target, self.edits = None, None, 0
            self.changed.emit()

    def _follow(self, shift: Shift) -> None:
        """The accepted mask has other names now, or is there no longer."""
        old = self._session.mask(self.target)
        if old is None or old.id not in shift.out:
            return
        new = next((mask for mask in shift.brought if mask.id == shift.replaced.get(old.id)), None)
        if new is not None and new.rle == old.rle:
            self.target = new.id
        elif self.edits and not shift.title:
            self._part_from(old)
        else:
            self._stop()
