"""Stopping work that somebody no longer waits for."""

import threading
from collections.abc import Callable

from semsam_annotate.api.errors import Cancelled


class CancelToken:
    """Given to a long call, cancelled from any thread; the call then raises ``Cancelled`` as soon as it looks.

    A token is cancelled once and for all. An engine looks between the layers of the network and between batches.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        """Whether ``cancel`` was called."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Ask the work to stop; calling it twice is fine."""
        with self._lock:
            self._event.set()
            listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener()

    def check(self) -> None:
        """Raise ``Cancelled`` once the token is cancelled."""
        if self._event.is_set():
            raise Cancelled("the work was cancelled")

    def on_cancel(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` once, in the thread that cancels, or at once if it is late; returns how to take it back.

        For work that waits elsewhere and cannot look at the token, such as for the answer of a server.
        """
        with self._lock:
            if not self._event.is_set():
                self._listeners.append(listener)
                return lambda: self._forget(listener)
        listener()
        return lambda: None

    def _forget(self, listener: Callable[[], None]) -> None:
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)
