"""The annotation session, without Qt and without napari layers: what is pointed at, shown, chosen, accepted."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from psygnal import Signal

from semsam_annotate.api import BadInput, Box, Ladder, Point, Vocabulary
from semsam_annotate.napari.state.accepted import AcceptedMask, at_point, parent_for
from semsam_annotate.napari.state.candidate import Candidate, Click
from semsam_annotate.napari.state.history import History, Step
from semsam_annotate.napari.state.labels import LabelChoice
from semsam_annotate.napari.state.ledger import Ledger
from semsam_annotate.napari.state.picture import Picture

AUTOMATIC = "automatic"
"""Parent of a part: the smallest accepted mask around it."""


class AnnotationSession:
    """One person at one picture at a time. Methods are what the person does; signals are what a view shows.

    What cannot be done is told in one line (``told``), never raised, except by ``accept`` and ``export`` when the
    store itself fails.
    """

    asked = Signal(int, object)
    """Ticket and Prompt: the engine's ladder is wanted; bring it to ``answer`` with the same ticket."""
    picture_changed = Signal(object)
    """Picture, or None."""
    candidate_changed = Signal(object)
    """Candidate."""
    choice_changed = Signal(object)
    """LabelChoice."""
    accepted_changed = Signal(object)
    """list[AcceptedMask] of the picture."""
    named = Signal(object)
    """AcceptedMask that was accepted or restored."""
    unnamed = Signal(object)
    """AcceptedMask that was deleted."""
    vocabulary_changed = Signal(object)
    """Vocabulary."""
    told = Signal(str)
    """One line for the person."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float] = time.monotonic) -> None:
        self.ledger = ledger
        self.picture: Picture | None = None
        self.candidate = Candidate()
        self.choice = LabelChoice()
        self.parent: str | None = AUTOMATIC
        self.accepted: list[AcceptedMask] = []
        self.ticket = 0
        self.waiting = False
        self._clock, self._history = clock, History()
        self._restored = False

    @property
    def vocabulary(self) -> Vocabulary:
        """The project's names."""
        return self.ledger.vocabulary

    def open(self, picture: Picture | None) -> None:
        """Turn to another picture; what was pointed at in the one before is dropped, what was accepted is stored."""
        self.picture = picture
        self._set_candidate(Candidate())
        self.picture_changed.emit(picture)
        self._set_accepted([] if picture is None else self.ledger.masks(picture))

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

    def label(self, object: str | None = None, part: str | None = None) -> None:
        """Choose names by hand; None leaves that one. They stay for this mask, whichever rung is shown."""
        self.choice = self.choice.chosen(object, part)
        self.choice_changed.emit(self.choice)

    def proposed_parent(self) -> AcceptedMask | None:
        """The accepted mask that the one shown would become a part of."""
        shown = self.candidate.proposal
        if shown is None or not self.choice.part or self.parent is None:
            return None
        if self.parent == AUTOMATIC:
            return parent_for(shown.mask, self.accepted)
        return next((mask for mask in self.accepted if mask.id == self.parent), None)

    def choose_parent(self, parent: str | None) -> None:
        """Id of an accepted mask, ``AUTOMATIC``, or None: a part of nothing."""
        self.parent = parent
        self.choice_changed.emit(self.choice)

    def accept(self) -> AcceptedMask | None:
        """Store the mask shown with the names chosen; None when there is none to accept."""
        if self.picture is None or self.candidate.proposal is None:
            self.told.emit("nothing to accept yet: click on something first")
            return None
        if self.waiting:
            self.told.emit("one moment: the answer to the last click is on its way")
            return None
        if self.ledger.learn(self.choice.object, self.choice.part):
            self.vocabulary_changed.emit(self.vocabulary)
        parent, seconds = self.proposed_parent(), max(self._clock() - self.candidate.began, 0.0)
        mask = self.ledger.accept(self.picture, self.candidate, self.choice, parent, seconds)
        candidate, choice = self.candidate, self.choice
        self.choice, self.parent = choice.next(), AUTOMATIC
        self._set_candidate(Candidate())
        self._set_accepted([*self.accepted, mask])
        self._history.add(Step("accepted", mask, self.picture, candidate, choice))
        self.named.emit(mask)
        self.told.emit(f"accepted {mask.title}")
        return mask

    def delete_at(self, point: Point) -> None:
        """Delete the smallest accepted mask under (x, y)."""
        mask = at_point(point, self.accepted)
        if mask is None or self.picture is None:
            self.told.emit("no accepted mask under the pointer")
            return
        self._delete(mask)
        self._history.add(Step("deleted", mask, self.picture, Candidate(), self.choice))
        self.told.emit(f"deleted {mask.title}; Ctrl+Z brings it back")

    def undo(self) -> None:
        """Take back the last thing done: a click, else an accepted or deleted mask of this picture."""
        if not self.candidate.empty and not self._restored:
            self._withdraw()
            return
        step = None if self.picture is None else self._history.undo(self.picture)
        if step is None:
            self.drop()
            self.told.emit("nothing to take back in this picture")
            return
        self._apply(step, back=True)
        if step.kind == "accepted":  # the ladder comes back, so that another rung is one key away
            self.choice = step.choice
            self._set_candidate(replace(step.candidate, began=self._clock()), restored=True)
            self.choice_changed.emit(self.choice)

    def redo(self) -> None:
        """Do again what was taken back last."""
        step = None if self.picture is None else self._history.redo(self.picture)
        if step is None:
            self.told.emit("nothing to do again in this picture")
            return
        self._set_candidate(Candidate())
        self._apply(step, back=False)

    def export(self) -> Sequence[Path]:
        """Write COCO and part JSON of the whole project into its folder; the files written."""
        written, message = self.ledger.export()
        self.told.emit(message)
        return written

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

    def _set_candidate(self, candidate: Candidate, restored: bool = False) -> None:
        self.ticket += 1  # an answer on its way to the one before is stale now
        self.candidate, self._restored, self.waiting = candidate, restored, False
        self.candidate_changed.emit(candidate)

    def _show(self, candidate: Candidate) -> None:
        self.candidate = candidate
        if candidate.proposal is not None:
            self.choice = self.choice.guessed(candidate.proposal)
        self.candidate_changed.emit(candidate)
        self.choice_changed.emit(self.choice)

    def _apply(self, step: Step, back: bool) -> None:
        if (step.kind == "accepted") == back:
            self._delete(step.mask)
        else:
            self.ledger.restore(step.mask)
            self.named.emit(step.mask)
            self._set_accepted(sorted([*self.accepted, step.mask], key=lambda mask: mask.time))
        self.told.emit(f"{'took back' if back else 'did again'}: {step.kind} {step.mask.title}")

    def _delete(self, mask: AcceptedMask) -> None:
        self.ledger.delete(mask)
        self.unnamed.emit(mask)
        self._set_accepted([other for other in self.accepted if other.id != mask.id])

    def _set_accepted(self, accepted: list[AcceptedMask]) -> None:
        self.accepted = accepted
        self.accepted_changed.emit(accepted)
