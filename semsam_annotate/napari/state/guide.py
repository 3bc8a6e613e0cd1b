"""The first two minutes, step by step: each one is done when the person really did it."""

from dataclasses import dataclass
from typing import Any

from psygnal import Signal

from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.state.connections import Connections
from semsam_annotate.napari.state.hover import Hover
from semsam_annotate.napari.state.picture import Picture
from semsam_annotate.napari.state.review import ReviewQueue
from semsam_annotate.napari.state.session import AnnotationSession
from semsam_annotate.napari.state.shift import Shift


@dataclass(frozen=True)
class Step:
    """What is to be done (one of the deeds that ``Guide`` sees), and how that is said; actions in braces are keys."""

    deed: str
    says: str
    optional: bool = False
    """Whether doing the step behind it does for this one too."""


STEPS = (
    Step("open", "Open an image of your own, or the sample photo."),
    Step("hover", "Move the pointer over a thing, the suit say: what a click would show is outlined.", True),
    Step("click", "Click on it: the list shows up to six masks, from the part under the pointer to the whole."),
    Step("move", "Press {smaller} or {larger}, or turn the wheel with Shift held, until the mask is right.", True),
    Step("accept", "Type a name under Object, then press {accept} in the image."),
    Step("click", "Click on a part of it, such as the emblem on her chest."),
    Step("accept", "Choose its size, type a name under Part, press {accept}: it hangs under its object in the tree."),
    Step("search", "Press {propose}: everything in the image, mask by mask. {accept} keeps, {reject} refuses."),
    Step("undo", "Press {undo}: the last step is taken back, and so on to the very first."),
    Step("", "That is all. {help} shows every key. Now open photos of your own: File → Open, or drop them here."),
)
"""The last one only says goodbye."""


class Guide:
    """Where the person is in ``STEPS``. It watches and never stands in the way."""

    changed = Signal()
    """Another step, shown, or closed."""
    closed = Signal()
    """The person has seen it, or does not want it: it is not to open by itself again."""

    def __init__(self) -> None:
        self.at: int | None = None
        self._session: AnnotationSession | None = None
        self._connections = Connections()
        self._first: Candidate | None = None

    @property
    def step(self) -> Step | None:
        """What is to be done now, None while the guide is closed."""
        return None if self.at is None else STEPS[self.at]

    def start(self) -> None:
        """Begin at the first step, or at the second one with an image open."""
        self.at = 0
        if self._session is not None:
            self._open(self._session.picture)
        self.changed.emit()

    def skip(self) -> None:
        """On to the next step; after the last one it closes."""
        if self.at is not None and self.at + 1 < len(STEPS):
            self.at += 1
            self.changed.emit()
        else:
            self.close()

    def close(self) -> None:
        """End it."""
        if self.at is not None:
            self.at = None
            self.changed.emit()
            self.closed.emit()

    def watch(self, session: AnnotationSession, hover: Hover, review: ReviewQueue) -> None:
        """See what is done here from now on."""
        self.release()
        self._session = session
        self._connections = Connections(
            [
                (session.picture_changed, self._open),
                (hover.changed, self._hover),
                (session.candidate_changed, self._point),
                (session.shifted, self._shift),
                (review.changed, lambda: self._did("search", review.active)),
            ]
        )
        self._open(session.picture)

    def release(self) -> None:
        """See nothing more."""
        self._connections.release()
        self._session = self._first = None

    def _did(self, deed: str, really: bool = True) -> None:
        if self.at is None or not really:
            return
        place = self.at + (STEPS[self.at].optional and STEPS[self.at].deed != deed)
        if STEPS[place].deed == deed:
            self.at = place + 1
            self.changed.emit()

    def _open(self, picture: Picture | None) -> None:
        self._did("open", picture is not None)

    def _hover(self, proposal: Any) -> None:
        self._did("hover", proposal is not None)

    def _point(self, candidate: Candidate) -> None:
        if candidate.ladder is None or candidate.queued or candidate.empty:
            return
        if self._first is None or self._first.ladder is not candidate.ladder:
            self._first = candidate
            self._did("click")
        else:
            self._did("move", candidate.rung != self._first.rung)

    def _shift(self, shift: Shift) -> None:
        back = shift.title.startswith("took back")
        self._did("undo" if back else "accept", back or bool(shift.brought and not shift.out))
