"""The mask that a click would likely show, while the pointer only passes over it."""

import time
from collections.abc import Callable

from psygnal import Signal

from semsam_annotate.api import Ladder, Point, Prompt, Proposal
from semsam_annotate.napari.state.session import AnnotationSession

PATIENCE = 2.0
"""Seconds after which an answer is no longer waited for: the engine was ended, or is slow."""


class Hover:
    """One question at a time is on its way, about the newest place; nothing is asked while a mask is being made."""

    asked = Signal(object)
    """Prompt; bring its ladder, or None, to ``answer``."""
    changed = Signal(object)
    """Proposal to show, or None."""

    def __init__(self, session: AnnotationSession, clock: Callable[[], float] = time.monotonic) -> None:
        self._session, self._clock = session, clock
        self._since = 0.0
        self.enabled = True
        self.proposal: Proposal | None = None
        self._here: Prompt | None = None
        self._asked: Prompt | None = None
        session.candidate_changed.connect(self._give_way)
        session.picture_changed.connect(self.leave)

    def move(self, point: Point) -> None:
        """The pointer is at (x, y)."""
        session = self._session
        if not self.enabled or session.picture is None or not session.picture.holds(point) or self._making:
            self.leave()
            return
        pixel = (float(round(point[0])), float(round(point[1])))
        self._here = Prompt([pixel])
        if self._asked is None or self._clock() - self._since > PATIENCE:
            self._ask()

    def answer(self, prompt: Prompt, ladder: Ladder | None) -> None:
        """What the engine says; None when it has not read the picture yet or has more important things to do."""
        if prompt != self._asked:
            return
        self._asked = None
        picture = self._session.picture
        fits = ladder is not None and picture is not None and ladder[0].mask.shape == picture.size
        if self._here is not None and fits and ladder is not None and not self._making:
            self._show(ladder.best)
        if self._here not in (None, prompt):
            self._ask()

    def leave(self, _: object = None) -> None:
        """The pointer is nowhere."""
        self._here = None
        self._show(None)

    def switch(self) -> None:
        """Off, or on again."""
        self.enabled = not self.enabled
        self.leave()
        self._session.told.emit(f"the mask under the pointer is {'outlined' if self.enabled else 'not outlined'}")

    @property
    def _making(self) -> bool:
        candidate = self._session.candidate
        return not candidate.empty or candidate.ladder is not None

    def _ask(self) -> None:
        self._asked, self._since = self._here, self._clock()
        self.asked.emit(self._asked)

    def _give_way(self, _: object) -> None:
        if self._making:
            self.leave()

    def _show(self, proposal: Proposal | None) -> None:
        if proposal is not self.proposal:
            self.proposal = proposal
            self.changed.emit(proposal)
