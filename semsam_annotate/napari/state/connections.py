"""Signals that something listens to for a while."""

from collections.abc import Callable, Iterable
from typing import Any

Pair = tuple[Any, Callable[..., object]]
"""A signal, and what it calls."""


class Connections:
    """Connects pairs at once and lets go of exactly those."""

    def __init__(self, pairs: Iterable[Pair] = ()) -> None:
        self._pairs = list(pairs)
        for signal, listener in self._pairs:
            signal.connect(listener)

    def release(self) -> None:
        """Listen no more; calling it twice is fine."""
        pairs, self._pairs = self._pairs, []
        for signal, listener in pairs:
            signal.disconnect(listener)
