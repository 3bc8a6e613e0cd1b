"""Touching up a mask by hand: the one shown, a selected one, or one drawn from nothing."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from semsam_annotate.api import BadInput, Mask, decode_rle, encode_rle
from semsam_annotate.napari.state.editing import MaskEditing
from semsam_annotate.napari.state.session import AnnotationSession


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
        self.pixels: NDArray[np.uint8] | None = None
        self.target: str | None = None
        self.edits = 0
        session.picture_changed.connect(self._stop)
        session.accepted_changed.connect(self._follow)

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
        target, mask, edits = self.target, self.mask, self.edits
        if target is None:
            self._session.touch(mask, edits, self._began)
            if self._session.accept() is not None:
                self._stop()
        elif edits:
            self._editing.redraw(target, mask, edits)  # another record is in its place then, which ends the touch-up
        else:
            self._stop()

    def keep(self) -> None:
        """Before somebody turns to another picture: what was painted is stored, the rest is left."""
        if self.edits and self.mask.any():
            self.finish()
        self._stop()

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

    def _stop(self, _: object = None) -> None:
        if self.active:
            self.pixels, self.target, self.edits = None, None, 0
            self.changed.emit()

    def _follow(self, _: object) -> None:
        """The accepted mask it was is there no longer."""
        if self.target is not None and self._session.mask(self.target) is None:
            self._stop()
