"""Carrying masks over from frame to frame: planes of a stack, or the files of a list, until one is in doubt."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from psygnal import Signal

from semsam_annotate.api import Ladder, Prompt
from semsam_annotate.napari.state.accepted import AcceptedMask
from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.state.carried import Carried, carried, prompt_from
from semsam_annotate.napari.state.editing import MaskEditing
from semsam_annotate.napari.state.picture import Picture
from semsam_annotate.napari.state.session import AnnotationSession


class Carrying:
    """Goes frame by frame, each stored before the next; the annotator sees every frame as it is reached.

    ``turn``: shows the frame that many steps away; False when there is none. A mask that was corrected by hand in a
    frame, or locked, stays, and is what goes on from there; one that was only carried is replaced.

    What is in doubt is shown, one after the other, whenever nothing else is, until it is accepted or dropped.
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
        self._doubted: str | None = None
        self._where: tuple[str, tuple[int, ...]] | None = None
        self._ticket = 0
        self._turning = False
        session.picture_changed.connect(self._leave)
        session.candidate_changed.connect(self._give_way)

    def start(self, way: int = 1, frames: int | None = None) -> None:
        """Carry the selected masks, else all of the frame, onwards (1) or back (-1), so many frames or to the end."""
        masks = self._editing.selection or list(self._session.accepted)
        if self.running or self._session.picture is None:
            return
        if not masks:
            self._session.told.emit("nothing to carry over: accept a mask in this frame first")
            return
        self._doubts = []
        self._session.drop()
        self._way, self._left, self.frames = way, frames if frames is not None else -1, 0
        self._sources = self._tracked([mask.id for mask in masks])
        self.running = True
        with self._ended_by_errors():
            self._go_on()

    def stop(self) -> None:
        """End it where it is; what was stored stays."""
        if self.running:
            self._end("stopped")

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """What the engine is asked about the frame on screen; nothing when it does not run."""
        return tuple(map(prompt_from, self._asked)) if self.running else ()

    def answer(self, ladders: Sequence[Ladder]) -> None:
        """One ladder for each of ``prompts``."""
        if self.running and self._session.picture is not None and len(ladders) == len(self._asked):
            with self._ended_by_errors():
                self._take(self._session.picture, ladders)

    def _take(self, picture: Picture, ladders: Sequence[Ladder]) -> None:
        found = [carried(source, ladder) for source, ladder in zip(self._asked, ladders, strict=True)]
        sure = [one for one in found if not one.doubtful]
        self._doubts, self._where = [one for one in found if one.doubtful], (picture.sha256, picture.plane)
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

    @contextmanager
    def _ended_by_errors(self) -> Iterator[None]:
        """The store is full, locked or read-only, or a file cannot be read."""
        try:
            yield
        except BaseException:
            self.fail()
            raise

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
                self._ticket = self._session.ticket
                self.asked.emit(self.prompts)
                return

    def _step(self) -> bool:
        """To the next frame; masks that are there by hand stay. False at the end."""
        went = self._left != 0 and self._turned()
        if not went:
            gone = self._session.picture is None  # why is told already
            self._end("" if gone else f"carried over {self.frames} frame{'' if self.frames == 1 else 's'}")
            return False
        self._left, self.frames = self._left - 1, self.frames + 1
        here = self._here(self._sources)
        fixed = {mask.track for mask in here if mask.by_hand or mask.id in self._editing.locked}
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
        """A person points at something meanwhile, takes back or drops: the answer on its way would come to nothing."""
        if self.running and not self._turning and self._session.ticket != self._ticket:
            self.stop()
        before, self._doubted = self._doubted, candidate.track
        if before is not None and candidate.idle:
            self._doubts = [one for one in self._doubts if one.source.track != before]
        self._show_doubt()

    def _show_doubt(self) -> None:
        """The next doubtful mask, to be corrected, accepted or dropped; it keeps its track."""
        picture = self._session.picture
        here = picture is not None and (picture.sha256, picture.plane) == self._where
        if self.running or not self._doubts or not here or not self._session.candidate.idle:
            return
        one = self._doubts[0]
        self._session.present(Candidate(ladder=one.ladder, rung=one.rung, track=one.source.track, effort=1))
        self._session.label(one.source.object or "", one.source.part or "")
