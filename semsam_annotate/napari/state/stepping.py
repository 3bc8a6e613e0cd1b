"""Back and forth through a person's steps, past those that stand because somebody else has changed their masks."""

from collections.abc import Callable

from semsam_annotate.annotations.journal import Change, Desk, Journal, StepStands

Step = Callable[[Desk, set[int]], Change | None]


class Stepping:
    """A step that stands is told of once, with StepStands; from then on, the one before it is next."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._passed: set[int] = set()

    def back(self, desk: Desk) -> Change | None:
        """Take back the last step at a desk; None when there is none."""
        return self._past(self._journal.undo, desk)

    def again(self, desk: Desk) -> Change | None:
        """Do again what was taken back last; None when there is none."""
        return self._past(self._journal.redo, desk)

    def _past(self, step: Step, desk: Desk) -> Change | None:
        try:
            return step(desk, self._passed)
        except StepStands as stands:
            self._passed.add(stands.number)
            raise
