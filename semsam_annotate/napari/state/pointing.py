"""What is pointed at in a picture, the ladder it gave, and the rung shown: without Qt and without napari layers."""

import time
from collections.abc import Callable
from dataclasses import replace

from psygnal import Signal

from semsam_annotate.api import BadInput, Box, Ladder, Point
from semsam_annotate.napari.state.candidate import Candidate, Click
from semsam_annotate.napari.state.picture import Picture


class Pointing:
    """One candidate at a time. What cannot be done is told in one line (``told``), never raised."""

    asked = Signal(int, object)
    """Ticket and Prompt: the engine's ladder is wanted; bring it to ``answer`` with the same ticket."""
    candidate_changed = Signal(object)
    """Candidate."""
    told = Signal(str)
    """One line for the person."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.picture: Picture | None = None
        self.candidate = Candidate()
        self.ticket = 0
        self.waiting = False
        self._clock = clock

    def click(self, point: Point, positive: bool = True, extend: bool = False) -> None:
        """Point at (x, y): a plain click starts a new mask, ``extend`` or a negative click goes on with this one."""
        if self.picture is None or not self.picture.holds(point):
            self.told.emit("that click is outside the image")
            return
        base = self.candidate if extend or not positive else Candidate()
        try:
            self._point(base, lambda candidate: candidate.clicked(Click(point, positive)))
        except BadInput as error:
            self.told.emit(str(error))

    def draw_box(self, box: Box) -> None:
        """Point with a box (x0, y0, x1, y1), edges; it joins the clicks made so far."""
        try:
            if self.picture is not None:
                Candidate().boxed(box).prompt.check_inside(*self.picture.size)
                self._point(self.candidate, lambda candidate: candidate.boxed(box))
        except BadInput as error:
            self.told.emit(str(error))

    def drop(self) -> None:
        """Forget what is pointed at."""
        self._set_candidate(Candidate())

    def answer(self, ticket: int, ladder: Ladder) -> None:
        """The engine's ladder; one for an earlier prompt is ignored."""
        if ticket != self.ticket or self.candidate.empty or self.picture is None:
            return
        if ladder[0].mask.shape != self.picture.size:
            self.told.emit("the engine answered for an image of another size: click again")
            return
        self.waiting = False
        self._show(self.candidate.answered(ladder))

    def refuse(self, ticket: int, message: str) -> None:
        """The engine could not answer."""
        if ticket == self.ticket:
            self.waiting = False
            self.candidate_changed.emit(self.candidate)
            self.told.emit(message)

    def move(self, steps: int) -> None:
        """Along the ladder: up to larger masks, down (negative) to smaller ones."""
        if self.candidate.ladder is not None:
            self.show_rung(self.candidate.rung + steps)

    def show_rung(self, rung: int) -> None:
        """Show one mask of the ladder, 0 the smallest."""
        if self.candidate.ladder is not None:
            self._show(self.candidate.at(rung))

    def show_row(self, row: int) -> None:
        """Show one mask by its place in the list, 0 the largest."""
        ladder = self.candidate.ladder
        if ladder is None or row >= len(ladder):
            self.told.emit("there is no such mask: click on something first" if ladder is None else _too_few(ladder))
            return
        self.show_rung(len(ladder) - 1 - row)

    def _point(self, base: Candidate, step: Callable[[Candidate], Candidate]) -> None:
        pointed = step(base)
        began = self._clock() if base.empty else base.began
        self._set_candidate(replace(pointed, began=began))
        self._ask()

    def _withdraw(self) -> None:
        shorter = self.candidate.withdrawn()
        self._set_candidate(shorter)
        if not shorter.empty:
            self._ask()

    def _ask(self) -> None:
        self.waiting = True
        self.candidate_changed.emit(self.candidate)
        self.asked.emit(self.ticket, self.candidate.prompt)

    def _set_candidate(self, candidate: Candidate) -> None:
        self.ticket += 1  # an answer on its way to the one before is stale now
        self.candidate, self.waiting = candidate, False
        self.candidate_changed.emit(candidate)

    def _show(self, candidate: Candidate) -> None:
        self.candidate = candidate
        self.candidate_changed.emit(candidate)


def _too_few(ladder: Ladder) -> str:
    return f"this click has {len(ladder)} mask{'s' if len(ladder) > 1 else ''}"
