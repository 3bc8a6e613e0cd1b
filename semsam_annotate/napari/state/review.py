"""Everything that was found in the picture, one mask after the other: accept, take the next, reject."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress

from psygnal import Signal

from semsam_annotate.annotations import ObjectClass, PartClass
from semsam_annotate.api import Ladder, Proposal, Tree
from semsam_annotate.api.tree import TreeNode
from semsam_annotate.napari.state.accepted import AcceptedMask
from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.state.labels import LabelChoice
from semsam_annotate.napari.state.session import AnnotationSession
from semsam_annotate.napari.state.shift import Shift

SAME = 0.8
"""IoU above which a mask counts as one that was accepted already."""


@dataclass(frozen=True)
class Item:
    """A mask of the queue, and the masks that it lies in and that lie in it: its ladder."""

    proposal: Proposal
    ladder: Ladder
    rung: int


class ReviewQueue:
    """Goes through a tree of masks, objects before their parts. The mask shown is the session's candidate."""

    changed = Signal()
    """Other items, or another one is shown."""

    def __init__(self, session: AnnotationSession) -> None:
        self._session = session
        self.items: list[Item] = []
        self.at = 0
        self._refused: dict[str, Item] = {}
        session.picture_changed.connect(self._clear)
        session.shifted.connect(self._follow)

    @property
    def active(self) -> bool:
        """Whether the mask shown is one of the queue."""
        return self._found and bool(self.items)

    def load(self, tree: Tree) -> None:
        """Take what was found, but for what was accepted or refused; show the first, unless a mask is being made."""
        picture = self._session.picture
        known = [*self._session.accepted, *([] if picture is None else self._session.ledger.rejected(picture))]
        self.items = [item_of(node) for node in tree if not _known(node.proposal, known)]
        self.at = 0
        if self._session.candidate.empty and not self._session.candidate.in_doubt:
            self._show()
        else:
            self.changed.emit()
        count = len(self.items)
        self._session.told.emit(f"{count or 'no'} mask{'' if count == 1 else 's'} to review: Enter, Tab or Backspace")

    def step(self, steps: int) -> None:
        """Show the next mask (or an earlier one, negative); before the first click on another place it comes back."""
        if self.items:
            self.at = (self.at + (steps if self.active else 0)) % len(self.items)
            self._show()

    def accept(self, named: ObjectClass | PartClass | None = None) -> AcceptedMask | None:
        """Accept the mask shown, under a name if one is given; of a queue, the next one is shown.

        Another size than the queue offered is chosen instead of that one: both leave the queue.
        """
        queued, shown = self.active, self._session.candidate.proposal
        mask = self._session.accept() if named is None else self._session.accept_as(named)
        if mask is not None and queued:
            offered = self.items[self.at]
            self._keep([item is not offered and item.proposal is not shown for item in self.items])
            self._show()
        return mask

    def reject(self) -> None:
        """Never show this mask again, unless that is taken back; the model can learn from it."""
        picture, shown = self._session.picture, self._session.candidate.proposal
        if picture is None or shown is None or not self.active:
            self._session.told.emit("nothing to reject: Tab shows what was found in the image")
            return
        if self._session.waiting:
            self._session.told.emit("one moment: the answer to the last click is on its way")
            return
        shift = self._session.ledger.reject(picture, shown)
        refused = next((item for item in self.items if item.proposal is shown), self.items[self.at])
        self._refused |= dict.fromkeys(shift.refused, refused)
        self._session.apply(shift)

    def accept_above(self, score: float) -> int:
        """Accept every mask of at least this score under the names guessed, in one step; how many these were."""
        good = [item for item in self.items if item.proposal.score >= score]
        if not good or self._session.picture is None:
            self._session.told.emit(f"no mask of the queue has a score of {score:.2f} or more")
            return 0
        named = [(item.proposal, LabelChoice().guessed(item.proposal)) for item in good]
        shift = self._session.ledger.accept_all(self._session.picture, named, self._session.accepted)
        self.items = [item for item in self.items if item not in good]
        self.at = 0
        self._session.drop()
        self._session.apply(shift)
        self._show()
        return len(good)

    @property
    def _found(self) -> bool:
        """Whether the mask shown was found in the picture, and not carried over."""
        return self._session.candidate.queued and not self._session.candidate.in_doubt

    def _keep(self, stay: list[bool]) -> None:
        """Keep these items; the mask shown, or the one behind it, is the next."""
        self.at -= stay[: self.at].count(False)
        self.items = list(compress(self.items, stay))
        self.at = self.at % max(len(self.items), 1)

    def _follow(self, shift: Shift) -> None:
        """What is refused leaves the queue; it comes back when that is taken back."""
        back = [self._refused[id] for id in shift.out if id in self._refused]
        gone = [self._refused[id] for id in shift.refused if id in self._refused]
        if back:
            self.items[self.at : self.at] = back
        self._keep([not any(item is one for one in gone) for item in self.items])
        if gone or back:
            self._show()

    def _show(self) -> None:
        if self.items:
            item = self.items[self.at]
            self._session.present(replace(Candidate(ladder=item.ladder), rung=item.rung))
        elif self._found:
            self._session.drop()
        self.changed.emit()

    def _clear(self, _: object) -> None:
        self.items, self.at, self._refused = [], 0, {}
        self.changed.emit()


def item_of(node: TreeNode) -> Item:
    """A mask with what it lies in, and its largest child, and so on down: as many as a ladder has."""
    around, inside = [node.proposal], list[Proposal]()
    above, below = node.parent, node
    while above is not None and len(around) < 4:
        around.append(above.proposal)
        above = above.parent
    while below.children and len(around) + len(inside) < 6:
        below = max(below.children, key=lambda child: child.proposal.area)
        inside.append(below.proposal)
    ladder = Ladder(sorted((*inside, *around), key=lambda proposal: proposal.area))
    return Item(node.proposal, ladder, [proposal.id for proposal in ladder].index(node.proposal.id))


def _known(proposal: Proposal, accepted: Sequence[AcceptedMask]) -> bool:
    return any(_iou(proposal, mask) > SAME for mask in accepted)


def _iou(proposal: Proposal, mask: AcceptedMask) -> float:
    smaller, larger = sorted((proposal.area, mask.area))
    if smaller < SAME * larger:
        return 0.0
    window, inner = mask.cut_out
    shared = int((proposal.mask[window] & inner).sum())
    return shared / (smaller + larger - shared)
