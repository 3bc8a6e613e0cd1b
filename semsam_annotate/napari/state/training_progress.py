"""How far a training is: what it does, how long that will take, its losses so far."""

import math
from collections import deque
from pathlib import Path

from semsam_annotate.annotations.retraining.progress import Mark, ProgressReader

LOOKED_BACK = 50
"""Steps that the rate is measured over."""


class TrainingProgress:
    """Follows the progress file of one run. ``curve``: (step, loss) of every step of training so far."""

    def __init__(self, path: Path | None = None) -> None:
        self._reader = None if path is None else ProgressReader(path)
        self._recent: deque[Mark] = deque(maxlen=LOOKED_BACK + 1)
        self.curve: list[tuple[int, float]] = []
        self.steps = 0
        """Of training, in all; 0 before it begins."""

    @property
    def last(self) -> Mark | None:
        """The newest mark."""
        return self._recent[-1] if self._recent else None

    @property
    def seconds_left(self) -> float | None:
        """Until what it does now is done; None while nobody can tell."""
        if len(self._recent) < 2:
            return None
        first, last = self._recent[0], self._recent[-1]
        steps, seconds = last.done - first.done, last.time - first.time
        return seconds / steps * (last.total - last.done) if steps > 0 and seconds >= 0 else None

    def read(self) -> bool:
        """Take in what is new; whether anything was."""
        marks = [] if self._reader is None else self._reader.new()
        for mark in marks:
            self._take(mark)
        return bool(marks)

    def _take(self, mark: Mark) -> None:
        if self.last is not None and self.last.what != mark.what:
            self._recent.clear()
        self._recent.append(mark)
        if mark.loss is not None:
            self.steps = mark.total
            if math.isfinite(mark.loss):
                self.curve.append((mark.done, mark.loss))
