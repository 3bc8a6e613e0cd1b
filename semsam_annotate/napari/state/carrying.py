"""Carrying masks over from frame to frame: planes of a stack, or the files of a list, until one is in doubt."""

from collections.abc import Callable, Sequence

from psygnal import Signal

from semsam_annotate.api import Ladder
from semsam_annotate.napari.state.accepted import AcceptedMask
from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.state.carried import Carried, carried, prompt_from
from semsam_annotate.napari.state.editing import MaskEditing
from semsam_annotate.napari.state.session import AnnotationSession


class Carrying:
    """Goes frame by frame, each stored before the next; the annotator sees every frame as it is reached.

    ``turn``: shows the frame that many steps away; False when there is none. A mask that was corrected by hand in a
    frame stays, and is what goes on from there; one that was only carried is replaced.
    """

    asked = Signal(object)
    """tuple[Prompt, ...] for the picture that is open; bring the ladders to ``answer``."""
    changed = Signal()
    """It began, went on, or ended."""

    def __init__(self, session: AnnotationSession, editing: MaskEditing, turn: Callable[[int], bool]) -> None:
        self._session, self._editing, self._turn = session, editing, turn
        self.running = False
        self.frames = 0
        self._way, self._left = 1, 0
        self._sources: list[AcceptedMask] = []
        self._above: dict[str, str] = {}
        self._asked: list[AcceptedMask] = []
        self._doubts: list[Carried] = []
        self._turning = False
        session.picture_changed.connect(self._leave)
        session.candidate_changed.connect(self._give_way)
        session.shifted.connect(self._show_doubt)

    def start(self, way: int = 1, frames: int | None = None) -> None:
        """Carry the selected masks, else all of the frame, onwards (1) or back (-1), so many frames or to the end."""
        masks = self._editing.selection or list(self._session.accepted)
        if self.running or self._session.picture is None:
            return
        if not masks:
            self._session.told.emit("nothing to carry over: accept a mask in this frame first")
            return
        self._session.drop()
        self._way, self._left, self.frames = way, frames if frames is not None else -1, 0
        self._sources = self._tracked([mask.id for mask in masks])
        self.running = True
        self._go_on()

    def stop(self) -> None:
        """End it where it is; what was stored stays."""
        if self.running:
            self._end("stopped")

    def answer(self, ladders: Sequence[Ladder]) -> None:
        """One ladder for each prompt asked for."""
        picture = self._session.picture
        if not self.running or picture is None or len(ladders) != len(self._asked):
            return
        found = [carried(source, ladder) for source, ladder in zip(self._asked, ladders, strict=True)]
        sure = [one for one in found if not one.doubtful]
        self._doubts = [one for one in found if one.doubtful]
        if sure:
            shift = self._session.ledger.carry(picture, sure, self._session.accepted, self._above)
            self._session.apply(shift)
        self._sources = self._here(self._sources)
        if self._doubts:
            names = ", ".join(one.source.title for one in self._doubts)
            self._end(f"in doubt here: {names}; correct and accept it, then carry on")
            self._show_doubt()
        else:
            self._go_on()

    def fail(self) -> None:
        """The engine could not answer; it says why itself."""
        if self.running:
            self._end("")

    def _tracked(self, ids: Sequence[str]) -> list[AcceptedMask]:
        """The masks, each with a track; and which belongs to which."""
        picture = self._session.picture
        bare = [mask for mask in map(self._session.mask, ids) if mask is not None and mask.track is None]
        if bare and picture is not None:
            shift = self._session.ledger.begin_tracks(picture, bare)
            self._session.apply(shift)
            ids = shift.renumbered(ids)
        masks = [mask for mask in map(self._session.mask, ids) if mask is not None]
        tracks = {mask.id: mask.track for mask in masks if mask.track is not None}
        self._above = {tracks[mask.id]: tracks[mask.part_of] for mask in masks if mask.part_of in tracks}
        return masks

    def _here(self, masks: Sequence[AcceptedMask]) -> list[AcceptedMask]:
        """The masks of this frame that are on the tracks of those."""
        tracks = {mask.track for mask in masks}
        return [mask for mask in self._session.accepted if mask.track is not None and mask.track in tracks]

    def _go_on(self) -> None:
        """To the next frame where something is to be asked."""
        while self.running and self._step():
            if self._asked:
                self.asked.emit(tuple(map(prompt_from, self._asked)))
                return

    def _step(self) -> bool:
        """To the next frame; masks that are there by hand stay. False at the end."""
        went = self._left != 0 and self._turned()
        if not went:
            self._end(f"carried over {self.frames} frame{'' if self.frames == 1 else 's'}")
            return False
        self._left, self.frames = self._left - 1, self.frames + 1
        here = self._here(self._sources)
        fixed = {mask.track for mask in here if mask.by_hand}
        self._asked = [mask for mask in self._sources if mask.track not in fixed]
        if not self._asked:
            self._sources = here
        self.changed.emit()
        return True

    def _turned(self) -> bool:
        self._turning = True
        try:
            return self._turn(self._way) and self._session.picture is not None
        finally:
            self._turning = False

    def _end(self, message: str) -> None:
        self.running = False
        self.changed.emit()
        if message:
            self._session.told.emit(message)

    def _leave(self, _: object) -> None:
        """Somebody else turned to another picture."""
        if not self._turning:
            self._doubts = []
            self.stop()

    def _give_way(self, candidate: Candidate) -> None:
        """A person points at something meanwhile."""
        if not candidate.empty:
            self.stop()

    def _show_doubt(self, _: object = None) -> None:
        """The next doubtful mask, to be corrected, accepted or dropped; it keeps its track."""
        if self.running or not self._doubts or self._session.candidate.ladder is not None:
            return
        one = self._doubts.pop(0)
        self._session.present(Candidate(ladder=one.ladder, rung=one.rung, track=one.source.track, effort=1))
        self._session.label(one.source.object or "", one.source.part or "")
