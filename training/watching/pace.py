"""How fast a run goes, how long it will take, how much memory it needs."""

import sys
import time
from collections import deque

import torch

LOOKED_BACK = 50
"""Steps that the rate is measured over."""


class Pace:
    """Marks the end of every step."""

    def __init__(self, batch: int, steps: int) -> None:
        self._batch, self._steps = batch, steps
        self._ends: deque[float] = deque([time.monotonic()], maxlen=LOOKED_BACK + 1)
        self._busy: deque[float] = deque(maxlen=LOOKED_BACK)

    def mark(self, busy: float) -> None:
        """A step ended, of which the network took ``busy`` seconds; the rest was waiting for data."""
        self._ends.append(time.monotonic())
        self._busy.append(busy)

    @property
    def images_per_second(self) -> float:
        """Rate of all processes together."""
        return self._batch / self._seconds if self._seconds else 0.0

    @property
    def waiting(self) -> float:
        """Share of the time that is spent waiting for data and writing, 0..1."""
        spent = self._seconds * len(self._busy)
        return max(0.0, 1 - sum(self._busy) / spent) if spent else 0.0

    def left(self, done: int) -> float:
        """Seconds until the last step."""
        return self._seconds * (self._steps - done)

    @property
    def _seconds(self) -> float:
        """Mean time of a step."""
        return (self._ends[-1] - self._ends[0]) / max(len(self._ends) - 1, 1)


def peak_memory() -> float:
    """MiB that this process has needed at most: of the GPU if there is one, else of the machine; 0 if not known."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    if sys.platform == "win32":
        return 0.0
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
