"""Whether a window ever waits for the engine: seen in what its thread does, so that a busy machine changes nothing."""

import sys
import threading
import traceback
from collections.abc import Callable

ENGINE = ("/semsam_annotate/remote/", "/httpx/", "/httpcore/")
"""Code that speaks to the engine's process, or waits for it."""


class Watch:
    """Looks at this thread from another one, every 10 ms, while an action runs."""

    def __init__(self) -> None:
        self.looks = 0
        self.waits: list[str] = []
        """Where the thread was seen in the engine's code."""

    def during(self, action: Callable[[], object]) -> None:
        """Run ``action`` here, and watch."""
        over, here = threading.Event(), threading.get_ident()
        watcher = threading.Thread(target=self._look, args=(over, here), daemon=True)
        watcher.start()
        try:
            action()
        finally:
            over.set()
            watcher.join()

    def _look(self, over: threading.Event, thread: int) -> None:
        while not over.wait(0.01):
            self.looks += 1
            frames = traceback.extract_stack(sys._current_frames()[thread])
            self.waits += [str(frame) for frame in frames if any(part in frame.filename for part in ENGINE)]
