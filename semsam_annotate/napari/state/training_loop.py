"""The loop of a project as a window sees it: what comes next, when and why; who runs it; and running it here."""

import time
from collections.abc import Callable
from contextlib import ExitStack

from psygnal import Signal

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.retraining.loop import Loop
from semsam_annotate.annotations.retraining.plan import Decision
from semsam_annotate.annotations.retraining.runner import runner_of
from semsam_annotate.api import BadInput, SemsamError
from semsam_annotate.napari.state.background import Background

EVERY = 30.0
"""Seconds between two looks of a loop that runs here; the file of a project's settings is read each time."""


class TrainingLoop:
    """``poll`` it a few times a second; it looks in a thread. ``words``: one or two sentences."""

    changed = Signal()
    """Anything to show."""

    def __init__(self, project: Project, loop: Loop | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """``loop``: what is run here; the project's, with ``semsam retrain``, if left out."""
        self._models, self._clock = project.models, clock
        self._loop = loop or Loop(project)
        self._entered: ExitStack | None = None
        self._next = 0.0
        self._looking = Background[Decision]()  # it counts, begins processes and waits for their end
        self._stuck = self.words = ""

    @property
    def here(self) -> bool:
        """Whether this window runs the loop."""
        return self._entered is not None

    @property
    def elsewhere(self) -> bool:
        """Whether another process does."""
        return not self.here and runner_of(self._models) is not None

    def switch(self) -> None:
        """Run it here from now on, or no more."""
        if self.here:
            self.stop()
        else:
            self.start()

    def start(self) -> None:
        """Run it here. BadInput when the project asks for nothing, or another process runs it."""
        if not self._loop.wanted:
            raise BadInput(
                "project.toml does not say when to train: write retrain_after = 50 at its top (after so many new "
                'masks), or schedule = "0 2 * * *" under [retrain] (every night at two)'
            )
        with ExitStack() as stack:
            stack.enter_context(self._loop)
            self._entered = stack.pop_all()
        self._next = self._clock()
        self.poll()

    def stop(self) -> None:
        """Run it here no more; a training that it began goes on."""
        if self._entered is not None:
            self._looking.wait()
            self._entered.close()
            self._entered = None
            self.poll()

    def poll(self) -> None:
        """Look, and when it is time do what is due."""
        self._hear()
        if self.here and self._clock() >= self._next and not self._looking.busy:
            self._next = self._clock() + EVERY
            self._looking.begin(self._loop.step)
        words = self._stuck if self.here and self._stuck else self._words()
        if words != self.words:
            self.words = words
            self.changed.emit()

    def _hear(self) -> None:
        """What came of the last look; project.toml may be damaged, the disk full: it is tried again."""
        ended = self._looking.ended()
        if ended is not None:
            error = ended.exception()
            if error is not None and not isinstance(error, SemsamError | OSError):
                raise error
            self._stuck = "" if error is None else f"Training by itself is stuck: {error}."

    def _words(self) -> str:
        runner = runner_of(self._models)
        if runner is None:
            return ""
        decided = "" if runner.decision is None else runner.decision.sentence
        return decided if self.here else f"{decided} ({runner.who} sees to it.)".strip()
