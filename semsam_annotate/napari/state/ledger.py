"""What a session needs of the project: its names and colours, its accepted masks, its export."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from semsam_annotate.annotations.classes import ObjectClass, PartClass
from semsam_annotate.annotations.image_states import ImageProgress, Said
from semsam_annotate.annotations.journal import Deed
from semsam_annotate.api import Proposal, Vocabulary
from semsam_annotate.napari.state.accepted import AcceptedMask
from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.state.carried import Carried
from semsam_annotate.napari.state.drawn import DrawnMask
from semsam_annotate.napari.state.labels import LabelChoice
from semsam_annotate.napari.state.picture import Picture
from semsam_annotate.napari.state.shift import Shift
from semsam_annotate.napari.state.training import TrainingRun


class Ledger(Protocol):
    """Every method that changes something has stored it durably when it returns; BadInput or OSError when it cannot."""

    @property
    def workspace(self) -> Path:
        """File in which this author's workspace is kept."""
        ...

    @property
    def vocabulary(self) -> Vocabulary:
        """Object names and bare part names of the project."""
        ...

    @property
    def classes(self) -> Sequence[ObjectClass | PartClass]:
        """Objects, then parts, with colours and hotkeys."""
        ...

    def colour(self, object: str | None, part: str | None) -> str | None:
        """ "#rrggbb" of the part or, without one, of the object; None when the project has none for it."""
        ...

    def parts_of(self, object: str) -> list[str]:
        """Part names that an object can have; all of them for an object that is new or unnamed."""
        ...

    def learn(self, object: str, part: str) -> bool:
        """Extend the vocabulary by names it lacks (empty ones are none); whether it grew."""
        ...

    def accept(
        self, picture: Picture, candidate: Candidate, choice: LabelChoice, parent: AcceptedMask | None, seconds: float
    ) -> Shift:
        """Store the mask shown with ladder, rung, prompt, names, parent, seconds and clicks."""
        ...

    def accept_all(
        self,
        picture: Picture,
        named: Sequence[tuple[Proposal, LabelChoice]],
        accepted: Sequence[AcceptedMask],
    ) -> Shift:
        """Store masks under their names in one step, parts in the smallest one around them."""
        ...

    def begin_tracks(self, picture: Picture, masks: Sequence[AcceptedMask]) -> Shift:
        """Give every mask a track of its own."""
        ...

    def carry(
        self, picture: Picture, found: Sequence[Carried], accepted: Sequence[AcceptedMask], above: dict[str, str]
    ) -> Shift:
        """Store masks carried over from another frame in one step; see ``carrying_deed``."""
        ...

    def accept_drawn(self, picture: Picture, masks: Sequence[DrawnMask], accepted: Sequence[AcceptedMask]) -> Shift:
        """Store masks of a labels layer in one step, parts in what they say, else in the smallest mask around them."""
        ...

    def reject(self, picture: Picture, proposal: Proposal) -> Shift:
        """Store a mask that a person refused: it is never exported, but the model can learn from it."""
        ...

    def rejected(self, picture: Picture) -> list[AcceptedMask]:
        """Masks of a picture's plane that people refused."""
        ...

    def perform(self, picture: Picture, deed: Deed) -> Shift:
        """Change records of a picture: names, parents, masks, what is deleted; all of it or nothing."""
        ...

    def undo(self, picture: Picture) -> Shift | None:
        """Take back the last step in a picture, a restart ago or not; None when there is none.

        BadInput when somebody has changed its masks since: the step before it is the last one then.
        """
        ...

    def redo(self, picture: Picture) -> Shift | None:
        """Do again the step of a picture that was taken back last; None and BadInput as in ``undo``."""
        ...

    def accepted_from(self, id: str) -> tuple[Candidate, LabelChoice]:
        """The clicks, ladder and rung that a mask was accepted from, whatever its status, and its names."""
        ...

    def masks(self, picture: Picture) -> list[AcceptedMask]:
        """Accepted masks of a picture's plane, oldest first."""
        ...

    def images(self) -> list[Path]:
        """Every image file of the project, in order."""
        ...

    @property
    def ranked(self) -> bool:
        """Whether ``semsam next`` has put images into an order that holds."""
        ...

    def queue(self) -> list[Path]:
        """Every image file that is neither done nor skipped, the most useful one to annotate first."""
        ...

    def progress(self) -> list[ImageProgress]:
        """How far every image file is, in order."""
        ...

    def mark(self, picture: Picture, said: Said) -> None:
        """Say that a picture is done, skipped, or open again."""
        ...

    def training(self) -> TrainingRun:
        """The training of the project's model."""
        ...

    def close(self) -> None:
        """Give the store back."""
        ...

    def export(self, progress: Callable[[int, int], None]) -> str:
        """Write the project's COCO and part JSON into its folder; one line for the person.

        ``progress`` is told how much of all of a file is done, and may raise to end it. In any thread.
        """
        ...
