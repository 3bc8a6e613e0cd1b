"""The annotation session, without Qt and without napari layers: what is pointed at, shown, chosen, accepted."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from psygnal import Signal

from semsam_annotate.annotations import ObjectClass, PartClass
from semsam_annotate.api import BadInput, Mask, Vocabulary
from semsam_annotate.napari.state.accepted import AcceptedMask, parent_for
from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.state.drawn import DrawnMask, already_accepted
from semsam_annotate.napari.state.hotkeys import ClassOf, hotkeys
from semsam_annotate.napari.state.labels import LabelChoice
from semsam_annotate.napari.state.ledger import Ledger
from semsam_annotate.napari.state.picture import Picture
from semsam_annotate.napari.state.pointing import Pointing
from semsam_annotate.napari.state.shift import Shift

AUTOMATIC = "automatic"
"""Parent of a part: the smallest accepted mask around it."""


class AnnotationSession(Pointing):
    """One person at one picture at a time. Methods are what the person does; signals are what a view shows.

    What cannot be done is told in one line (``told``), never raised, except by methods that write when the store
    itself fails.
    """

    picture_changed = Signal(object)
    """Picture, or None."""
    choice_changed = Signal(object)
    """LabelChoice."""
    accepted_changed = Signal(object)
    """list[AcceptedMask] of the picture."""
    shifted = Signal(object)
    """Shift of the masks of this picture, just before ``accepted_changed``."""
    vocabulary_changed = Signal(object)
    """Vocabulary."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self.ledger = ledger
        self.choice = LabelChoice()
        self.parent: str | None = AUTOMATIC
        self.accepted: list[AcceptedMask] = []
        self._restored = False
        self._letters: dict[str, ClassOf] = {}

    @property
    def vocabulary(self) -> Vocabulary:
        """The project's names."""
        return self.ledger.vocabulary

    def letters(self) -> dict[str, ClassOf]:
        """Which letter accepts under which name; one that was given stays, whatever names join."""
        self._letters = hotkeys(self.ledger.classes, self._letters)
        return self._letters

    def open(self, picture: Picture | None) -> None:
        """Turn to another picture; what was pointed at in the one before is dropped, what was accepted is stored.

        Its masks are read first: where that fails, the picture of before stays.
        """
        accepted = [] if picture is None else self.ledger.masks(picture)
        self.picture, self.accepted = picture, []
        self.drop()
        self.picture_changed.emit(picture)
        self._set_accepted(accepted)

    def drop(self) -> None:
        """Forget what is pointed at, and the names and the parent chosen for it."""
        before = self.choice, self.parent
        self.choice, self.parent = self.choice.next(), AUTOMATIC
        super().drop()
        if before != (self.choice, self.parent):
            self.choice_changed.emit(self.choice)

    def label(self, object: str | None = None, part: str | None = None) -> None:
        """Choose names by hand; None leaves that one. They stay for this mask, whichever rung is shown."""
        self.choice = self.choice.chosen(object, part)
        self.choice_changed.emit(self.choice)

    def proposed_parent(self) -> AcceptedMask | None:
        """The accepted mask that the one shown would become a part of."""
        shown = self.candidate.mask
        if shown is None or not self.choice.part or self.parent is None:
            return None
        if self.parent == AUTOMATIC:
            return parent_for(shown, self.accepted)
        return self.mask(self.parent)

    def choose_parent(self, parent: str | None) -> None:
        """Id of an accepted mask, ``AUTOMATIC``, or None: a part of nothing."""
        self.parent = parent
        self.choice_changed.emit(self.choice)

    def mask(self, id: str | None) -> AcceptedMask | None:
        """An accepted mask of the picture, None when there is none with this id."""
        return next((mask for mask in self.accepted if mask.id == id), None)

    def accept(self) -> AcceptedMask | None:
        """Store the mask shown with the names chosen; None when there is none to accept."""
        if self.picture is None or self.candidate.mask is None:
            self.told.emit("nothing to accept yet: click on something first")
            return None
        if self.waiting:
            self.told.emit("one moment: the answer to the last click is on its way")
            return None
        self.learn(self.choice)
        parent, seconds = self.proposed_parent(), max(self._clock() - self.candidate.began, 0.0)
        shift = self.ledger.accept(self.picture, self.candidate, self.choice, parent, seconds)
        self.choice, self.parent = self.choice.next(), AUTOMATIC
        self._set_candidate(Candidate())
        self.apply(shift)
        return shift.brought[0]

    def accept_as(self, named: ObjectClass | PartClass) -> AcceptedMask | None:
        """Store the mask shown under a name chosen in one stroke: a whole object, or a part of the likeliest object."""
        if self.candidate.proposal is not None and not self.waiting:
            part = named.name if isinstance(named, PartClass) else ""
            self.label(self._owner(named) if isinstance(named, PartClass) else named.name, part)
        return self.accept()

    def touch(self, mask: Mask, edits: int, began: float) -> None:
        """Show the mask as a person painted it, (H, W) bool; with no ladder it is a mask drawn from nothing.

        ``began``: clock time in seconds of the first stroke.
        """
        touched = self.candidate.touched_up(mask, edits)
        self._show(touched if touched.ladder is not None else replace(touched, began=began))

    def learn(self, choice: LabelChoice) -> None:
        """Extend the project's names by those chosen."""
        if self.ledger.learn(choice.object, choice.part):
            self.vocabulary_changed.emit(self.vocabulary)

    def take(self, masks: Sequence[DrawnMask]) -> None:
        """Accept masks of a labels layer under the names they have, in one step; those taken before are left out."""
        there = already_accepted(masks, self.accepted)
        fresh = [mask for mask in masks if mask.value not in there]
        if self.picture is None or not fresh:
            taken = "its masks are accepted already" if there else "choose a labels layer that has some"
            self.told.emit(f"there are no masks to take: {taken}")
            return
        for object, part in dict.fromkeys((mask.object or "", mask.part or "") for mask in fresh):
            self.learn(LabelChoice(object, part))
        self.apply(self.ledger.accept_drawn(self.picture, masks, self.accepted))

    def apply(self, shift: Shift) -> None:
        """Show what the store did."""
        self._follow(shift, shift.applied(self.accepted))
        self.told.emit(shift.title)

    def reload(self) -> None:
        """Read the picture's masks anew: somebody else has changed some."""
        if self.picture is not None:
            masks, known = self.ledger.masks(self.picture), {mask.id for mask in self.accepted}
            came = tuple(mask for mask in masks if mask.id not in known)
            gone = known.difference(mask.id for mask in masks)
            self._follow(Shift("", tuple(gone), came), masks)

    def undo(self) -> None:
        """Take back the last thing done: a click, else the last step in this picture, however long ago."""
        if not self.candidate.empty and not self._restored:
            self._withdraw()
            return
        shift = self._stepped(self.ledger.undo)
        if shift is None:
            return
        self.apply(replace(shift, title=f"took back: {shift.title}"))
        if len(shift.out) == 1 and not shift.brought:
            self.bring_back(*self.ledger.accepted_from(shift.out[0]))
            self._restored = True  # the next step back is one of the store, not a hint of this ladder

    def bring_back(self, candidate: Candidate, choice: LabelChoice) -> None:
        """Show a ladder of earlier with its names, so that another rung is one key away."""
        if candidate.proposal is not None:
            self.choice = choice
            self._set_candidate(replace(candidate, began=self._clock()))
            self.choice_changed.emit(self.choice)

    def redo(self) -> None:
        """Do again what was taken back last."""
        shift = self._stepped(self.ledger.redo)
        if shift is None:
            return
        if not self.candidate.in_doubt:
            self._set_candidate(Candidate())
        self.apply(replace(shift, title=f"did again: {shift.title}"))

    def _stepped(self, step: Callable[[Picture], Shift | None]) -> Shift | None:
        """What a step back or forth did; why there is none is told."""
        back = step == self.ledger.undo
        try:
            shift = None if self.picture is None else step(self.picture)
        except BadInput as error:  # somebody else has changed its masks, so that what is shown is old
            self.reload()
            self.told.emit(f"{error}; that stays, the step {'before' if back else 'after'} it is next")
            return None
        if shift is None:
            if back:
                self.drop()
            self.told.emit(f"nothing to {'take back' if back else 'do again'} in this picture")
        return shift

    def _owner(self, part: PartClass) -> str:
        """The object around it, else the one guessed, if the part can be theirs; else one it can be of."""
        shown = self.candidate.mask
        around = None if shown is None else parent_for(shown, self.accepted)
        names = ("" if around is None else around.object or "", self.choice.object)
        fitting = [name for name in names if name and (not part.objects or name in part.objects)]
        return next(iter((*fitting, *part.objects, self.choice.object)))

    def _hold(self, candidate: Candidate, waiting: bool) -> None:
        self._restored = False
        super()._hold(candidate, waiting)

    def _show(self, candidate: Candidate) -> None:
        if candidate.proposal is not None:
            self.choice = self.choice.guessed(candidate.proposal)
        super()._show(candidate)
        self.choice_changed.emit(self.choice)

    def _follow(self, shift: Shift, accepted: list[AcceptedMask]) -> None:
        if self.parent not in (AUTOMATIC, None):
            self.parent = next(iter(shift.renumbered([self.parent])), AUTOMATIC)
        self.shifted.emit(shift)
        self._set_accepted(accepted)

    def _set_accepted(self, accepted: list[AcceptedMask]) -> None:
        self.accepted = accepted
        self.accepted_changed.emit(accepted)
