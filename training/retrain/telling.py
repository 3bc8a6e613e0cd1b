"""Telling how far a retraining is, and hearing that it shall end for now."""

from collections.abc import Callable
from dataclasses import dataclass

from semsam_annotate.annotations.retraining.writer import RunWriter

Progress = Callable[[str, int, int], None]
"""What is being done, steps done, steps in all."""


@dataclass(frozen=True)
class Telling:
    """Tells the caller and the run's folder; raises PutBy when somebody asked for that."""

    run: RunWriter
    caller: Progress

    def __call__(self, what: str, done: int, total: int, loss: float | None = None) -> None:
        """So many steps of something are done; ``loss``: of a step of training."""
        self.run.mark(what, done, total, loss)
        self.caller(what, done, total)
        self.run.check()
