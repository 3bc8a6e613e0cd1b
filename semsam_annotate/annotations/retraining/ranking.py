"""An order of images that a promotion made stale is made anew, in a process of its own, as it was made before."""

import logging
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from semsam_annotate.annotations.next_images import LOCK, NextImages
from semsam_annotate.annotations.next_order import NextOrder, serving
from semsam_annotate.annotations.retraining import child
from semsam_annotate.annotations.retraining.begun import BegunProcess
from semsam_annotate.api.lock import is_held

log = logging.getLogger("semsam.loop")
GRACE = 2.0
"""Seconds in which a ranking that is asked to end does so."""
PROCESS = "next-process.json"
"""In the folder of models: the ranking that a loop began last."""


class Ranking:
    """Ranks again where ``semsam next`` ranked before; a model is tried once, so that what fails is not repeated."""

    def __init__(
        self, project: Path, order: NextOrder, command: Callable[[Path, NextImages], Sequence[str]] | None = None
    ) -> None:
        """``project``: its folder; ``order``: its order; ``command``: what ranks, else ``semsam next``."""
        self._project, self._models, self._order = project, project / "models", order
        self._command = command or _again
        self._child: subprocess.Popen[bytes] | None = None
        self._tried: str | None = None

    @property
    def child(self) -> "subprocess.Popen[bytes] | None":
        """The ranking that was begun last."""
        return self._child

    def step(self) -> bool:
        """Begin it if the order is stale and none goes on; whether it was begun."""
        if self._runs or self._left is not None or is_held(self._models / LOCK):
            return False
        order, version = self._order.last(), serving(self._models)
        if order is None or version in (None, order.serving, self._tried):
            return False
        self._tried = version
        self._child = child.start(self._command(self._project, order), self._models / "next.log")
        BegunProcess.of(self._child.pid).write(self._models / PROCESS)
        log.info("another model serves: images are ranked again, see %s", self._models / "next.log")
        return True

    def stop(self) -> None:
        """End it, or the one that an earlier loop began; what was looked at is kept, and it is begun again.

        One that a person began goes on.
        """
        left = self._left
        if self._child is not None and self._runs:
            self._child.terminate()
            try:
                self._child.wait(GRACE)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
            self._tried = None
        elif left is not None:
            left.end(GRACE)

    @property
    def _runs(self) -> bool:
        """Whether the one that was begun here goes on."""
        return self._child is not None and self._child.poll() is None

    @property
    def _left(self) -> BegunProcess | None:
        """One that goes on though the loop that began it may have been killed."""
        found = BegunProcess.read(self._models / PROCESS)
        return found if found is not None and found.alive else None


def _again(project: Path, order: NextImages) -> list[str]:
    options = {name: getattr(order, name) for name in ("strategy", "most", "count", "review", "seed")}
    given = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    return child.semsam("next", "--project", str(project), *given)
