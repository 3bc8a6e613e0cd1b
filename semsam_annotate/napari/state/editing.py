"""Editing accepted masks: names, parents, merging, deleting; hidden and locked ones; every step can be taken back."""

from collections.abc import Sequence

from psygnal import Signal

from semsam_annotate.annotations.journal import Deed
from semsam_annotate.api import BadInput, Mask, Point
from semsam_annotate.napari.state.accepted import AcceptedMask, at_point
from semsam_annotate.napari.state.deeds import attaching, deletion, merging, redrawing, renaming, reviewing
from semsam_annotate.napari.state.labels import LabelChoice
from semsam_annotate.napari.state.outline import descendants
from semsam_annotate.napari.state.session import AnnotationSession
from semsam_annotate.napari.state.shift import Shift


class MaskEditing:
    """Edits the masks of a session's picture. A locked mask is not changed; what cannot be done is told in one line.

    ``hidden``, ``locked``: ids of masks, those of other pictures too.
    """

    selection_changed = Signal(object)
    """list[AcceptedMask], in the order they were selected."""
    marks_changed = Signal()
    """Masks were hidden, shown, locked or freed."""

    def __init__(self, session: AnnotationSession) -> None:
        self._session = session
        self.selected: list[str] = []
        self.hidden: set[str] = set()
        self.locked: set[str] = set()
        session.shifted.connect(self._follow)
        session.picture_changed.connect(self._turn)

    @property
    def selection(self) -> list[AcceptedMask]:
        """The masks that are selected."""
        found = (self._session.mask(id) for id in self.selected)
        return [mask for mask in found if mask is not None]

    def select(self, ids: Sequence[str]) -> None:
        """Select masks, the ones before no longer."""
        self.selected = list(ids)
        self.selection_changed.emit(self.selection)

    def rename(self, id: str, object: str, part: str) -> None:
        """Other names; an empty part makes it a whole object. Names that are new join the project."""
        mask, choice = self._session.mask(id), LabelChoice(object.strip(), part.strip())
        if mask is None or (mask.object or "", mask.part or "") == (choice.object, choice.part):
            return

        self._do(renaming(mask, descendants(mask, self._session.accepted), choice), choice)

    def attach(self, ids: Sequence[str], parent: str | None) -> None:
        """Make masks parts of another one, in which what lies under them stays under them, or of nothing."""
        above, accepted = self._session.mask(parent), self._session.accepted
        found = [mask for mask in map(self._session.mask, ids) if mask is not None and mask.id != parent]
        if above is not None:
            carried = {part.id for mask in found for part in descendants(mask, accepted)}
            found = [mask for mask in found if mask.id not in carried]
        masks = [mask for mask in found if mask.part_of != parent]
        if masks:
            self._do(attaching(masks, above, accepted))

    def free(self, ids: Sequence[str]) -> None:
        """Take parts out of their objects."""
        self.attach(ids, None)

    def redraw(self, id: str, mask: Mask, edits: int) -> bool:
        """Another outline, (H, W) bool, painted by hand in that many strokes; whether it is stored."""
        old = self._session.mask(id)
        return old is not None and self._do(redrawing(old, mask, edits))

    def merge(self, ids: Sequence[str]) -> None:
        """Join masks into the first one; their parts become its parts."""
        masks = [mask for mask in map(self._session.mask, ids) if mask is not None]
        if len(masks) < 2:
            self._session.told.emit("select two masks or more to merge them")
            return
        self._do(merging(masks, self._session.accepted))

    def delete(self, ids: Sequence[str], with_parts: bool = False) -> None:
        """Delete masks; their parts stay, and stand on their own, unless ``with_parts``."""
        masks = [mask for mask in map(self._session.mask, ids) if mask is not None]
        if with_parts:
            masks += [part for mask in masks for part in descendants(mask, self._session.accepted)]
        if masks:
            once = list({mask.id: mask for mask in masks}.values())
            self._do(deletion(once))

    def review(self, ids: Sequence[str], remark: str | None = None) -> None:
        """Approve masks, locked ones too or, with a ``remark``, ask their authors for changes."""
        masks = [mask for mask in map(self._session.mask, ids) if mask is not None]
        if masks:
            self._do(reviewing(masks, remark))

    def under(self, point: Point) -> AcceptedMask | None:
        """The smallest accepted mask at (x, y) that is not hidden."""
        return at_point(point, [mask for mask in self._session.accepted if mask.id not in self.hidden])

    def delete_at(self, point: Point) -> None:
        """Delete the smallest accepted mask seen under (x, y)."""
        mask = self.under(point)
        if mask is None:
            self._session.told.emit("no accepted mask to be seen under the pointer: move it onto one")
        else:
            self.delete([mask.id])

    def mark(self, ids: Sequence[str], hidden: bool | None = None, locked: bool | None = None) -> None:
        """Hide or show, lock or free masks; None leaves that as it is."""
        for marked, wanted in ((self.hidden, hidden), (self.locked, locked)):
            if wanted is not None:
                (marked.update if wanted else marked.difference_update)(ids)
        self.marks_changed.emit()

    def _unlocked(self, deed: Deed) -> bool:
        """Whether it changes no locked mask, parts that follow another one included; else that is told."""
        touched = [*(id for id, _ in deed.correct), *deed.delete]
        held = [mask.title for mask in map(self._session.mask, touched) if mask is not None and mask.id in self.locked]
        if held:
            one = len(held) == 1
            self._session.told.emit(
                f"{', '.join(held)} {'is' if one else 'are'} locked: unlock {'it' if one else 'them'} first"
            )
        return not held

    def _do(self, deed: Deed, named: LabelChoice | None = None) -> bool:
        """``named``: names that it brings, new ones join the project. Whether it is done."""
        picture = self._session.picture
        if picture is None or not self._unlocked(deed):
            return False
        try:
            if named is not None:
                self._session.learn(named)
            shift = self._session.ledger.perform(picture, deed)
        except BadInput as error:
            self._session.reload()
            self._session.told.emit(str(error))
            return False
        self._session.apply(shift)
        return True

    def _follow(self, shift: Shift) -> None:
        self.hidden, self.locked = set(shift.renumbered(self.hidden)), set(shift.renumbered(self.locked))
        self.selected = shift.renumbered(self.selected)

    def _turn(self, _: object) -> None:
        self.selected = []
