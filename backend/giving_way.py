"""Work in the background that gives way: begun when nobody wants the engine, stopped when somebody does."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from semsam_annotate.api import CancelToken
from semsam_annotate.backend.worker import EngineWorker

LOOK_SECONDS = 0.02
"""Between two looks at who waits for the engine."""


class GivingWay(CancelToken):
    """Cancelled, too, as soon as whoever looks at it finds that ``wanted``: nobody needs to watch meanwhile."""

    def __init__(self, wanted: Callable[[], bool]) -> None:
        super().__init__()
        self._wanted = wanted

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled, or is now."""
        if not super().cancelled and self._wanted():
            self.cancel()
        return super().cancelled

    def check(self) -> None:
        """Raise ``Cancelled`` once it is cancelled."""
        if self.cancelled:
            super().check()


@dataclass
class Background:
    """For a thread beside the engine's own that works on one image after the other, until ``stop``.

    ``patience``: seconds that an image waits for the engine to be free. ``tries``: so often it gives way to an image
    that somebody waits for; then it is finished, or it never would be. Clicks pass it anyway.
    """

    worker: EngineWorker
    stop: threading.Event
    patience: float = 5.0
    tries: int = 10
    _begun: Counter[str] = field(default_factory=Counter)

    def next(self, image: str) -> CancelToken:
        """Wait for an image's turn; what then stops the work on it."""
        until = time.monotonic() + self.patience
        while self.worker.waiting_long and time.monotonic() < until and not self.stop.is_set():
            self.stop.wait(LOOK_SECONDS)
        self._begun[image] += 1
        gives_way = self._begun[image] <= self.tries
        return GivingWay(lambda: self.stop.is_set() or (gives_way and self.worker.waiting_long > 0))

    def over(self) -> None:
        """All images are done."""
        self._begun.clear()
