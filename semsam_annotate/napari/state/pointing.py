"""What is pointed at in a picture, the ladder it gave, and the rung shown: without Qt and without napari layers."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from psygnal import Signal

from semsam_annotate.api import BadInput, Box, Ladder, Mask, Point, Stroke
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
        """Point with a box (x0, y0, x1, y1), edges; it joins the hints given so far."""
        self._hint(lambda candidate: candidate.boxed(box))

    def draw_stroke(self, points: Sequence[Point], positive: bool = True) -> None:
        """Point with a line drawn by hand, (x, y) in order; parts of it beyond the picture are left out."""
        inside = [point for point in points if self.picture is not None and self.picture.holds(point)]
        self._hint(lambda candidate: candidate.stroked(Stroke(inside, int(positive))))

    def paste(self, mask: Mask) -> None:
        """Point with a rough mask, (H, W) bool, from elsewhere; it starts a new mask."""
        self._hint(lambda candidate: candidate.pasted(mask), Candidate())

    def describe(self, text: str) -> None:
        """Point with words; they start a new mask."""
        self._hint(lambda candidate: candidate.described(text), Candidate())

    def present(self, candidate: Candidate) -> None:
        """Show masks that were not asked for."""
        self._hold(Candidate(), waiting=False)
        self._show(replace(candidate, queued=True, began=self._clock()))

    def drop(self) -> None:
        """Forget what is pointed at."""
        self._set_candidate(Candidate())

    def answer(self, ticket: int, ladder: Ladder) -> None:
        """The engine's ladder; one for an earlier prompt, or a second one, is ignored."""
        if ticket != self.ticket or not self.waiting or self.picture is None:
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

    def show_granularity(self, granularity: float) -> None:
        """Show the mask nearest to a granularity from 0 (finest) to 1 (coarsest)."""
        ladder = self.candidate.ladder
        if ladder is not None:
            self.show_rung(list(ladder).index(ladder.at(granularity)))

    def show_row(self, row: int) -> None:
        """Show one mask by its place in the list, 0 the largest."""
        ladder = self.candidate.ladder
        if ladder is None or row >= len(ladder):
            self.told.emit("there is no such mask: click on something first" if ladder is None else _too_few(ladder))
            return
        self.show_rung(len(ladder) - 1 - row)

    def _hint(self, step: Callable[[Candidate], Candidate], to: Candidate | None = None) -> None:
        """Add a hint to those given, or to others; what is wrong with it is told."""
        base = self.candidate if to is None else to
        if self.picture is None:
            return
        try:
            step(base).prompt.check_inside(*self.picture.size)
            self._point(base, step)
        except BadInput as error:
            self.told.emit(str(error))

    def _point(self, base: Candidate, step: Callable[[Candidate], Candidate]) -> None:
        pointed = step(base)
        began = self._clock() if base.empty else base.began
        self._ask(replace(pointed, began=began))

    def _withdraw(self) -> None:
        shorter = self.candidate.withdrawn()
        if shorter.empty:
            self._set_candidate(shorter)
        else:
            self._ask(shorter)

    def _ask(self, candidate: Candidate) -> None:
        """The engine first: it works while views draw."""
        prompt = candidate.prompt
        self._hold(candidate, waiting=True)
        self.asked.emit(self.ticket, prompt)
        if self.waiting:  # else the answer was shown already
            self.candidate_changed.emit(self.candidate)

    def _set_candidate(self, candidate: Candidate) -> None:
        self._hold(candidate, waiting=False)
        self.candidate_changed.emit(candidate)

    def _hold(self, candidate: Candidate, waiting: bool) -> None:
        self.ticket += 1  # an answer on its way to the one before is stale now
        self.candidate, self.waiting = candidate, waiting

    def _show(self, candidate: Candidate) -> None:
        self.candidate = candidate
        self.candidate_changed.emit(candidate)


def _too_few(ladder: Ladder) -> str:
    return f"this click has {len(ladder)} mask{'s' if len(ladder) > 1 else ''}"
