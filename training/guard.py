"""Steps that go wrong: found, counted, named."""

from collections import deque
from collections.abc import Sequence
from statistics import median

import numpy as np
import torch
from torch import Tensor

from semsam_annotate.api import SemsamError
from semsam_annotate.training.config import GuardConfig

FEWEST = 10
"""Losses that a leap is judged against, at least."""


class TrainingDiverged(SemsamError, RuntimeError):
    """Training does not go on with this batch, or with this network."""


class Guard:
    """Judges each step by its loss and gradient, alone on what all processes know."""

    def __init__(self, config: GuardConfig) -> None:
        self.config, self.skips = config, 0
        self._totals: deque[float] = deque(maxlen=config.window)

    def judge(self, total: float, norm: float) -> str | None:
        """What is wrong with a step, None if nothing is; remembers it."""
        trouble = self._trouble(total, norm)
        if trouble is None:
            self._totals.append(total)
        self.skips = 0 if trouble is None else self.skips + 1
        return trouble

    @property
    def ends(self) -> bool:
        """Whether the run is to end after a step that went wrong."""
        return self.config.action == "stop" or self.skips > self.config.most_skips

    def _trouble(self, total: float, norm: float) -> str | None:
        if not np.isfinite(total):
            return f"the loss is {total}"
        if not np.isfinite(norm):
            return f"the gradient is {norm}"
        if not self.config.spike or len(self._totals) < min(FEWEST, self.config.window):
            return None
        usual = median(self._totals)
        if total > self.config.spike * usual:
            return f"the loss is {total:.4g}, more than {self.config.spike:g} times the usual {usual:.4g}"
        return None

    def state(self) -> dict[str, Tensor]:
        """What the next judgements depend on."""
        return {"totals": torch.tensor(list(self._totals), dtype=torch.float64), "skips": torch.tensor(self.skips)}

    def load(self, state: dict[str, Tensor]) -> None:
        """Go on from ``state``."""
        self._totals.extend(state["totals"].tolist())
        self.skips = int(state["skips"])


def name_batch(origins: Sequence[Sequence[str]], totals: Sequence[float], most: int = 8) -> str:
    """The images of a step in words, those of the parts with the worst loss first: lists of parts, a loss each."""
    worst_first = sorted(range(len(totals)), key=lambda part: -np.nan_to_num(totals[part], nan=np.inf, neginf=np.inf))
    names = [name for part in worst_first for name in origins[part]]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
