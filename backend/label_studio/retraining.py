"""Training as a child process: the server goes on answering, and a crash of training leaves it alone."""

import subprocess
from pathlib import Path
from threading import Lock

from semsam_annotate.annotations.retraining.child import CannotStart, semsam, start
from semsam_annotate.annotations.retraining.run import LOCK, Run, runs
from semsam_annotate.api import EngineUnavailable
from semsam_annotate.api.lock import is_held


class Retraining:
    """At most one ``semsam retrain`` of a project at a time; its output goes to ``label-studio/retrain.log``.

    Whoever started one, this server, another or a window, holds the project's lock file while it runs.
    """

    def __init__(self, project: Path) -> None:
        self._project, self._lock = project, Lock()
        self.models = project / "models"
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> dict[str, object]:
        """Start it and return at once: ``{"state": "started" or "running", "pid": …}``."""
        with self._lock:
            if self._child is not None and self._child.poll() is None:
                return {"state": "running", "pid": self._child.pid}
            if self._is_held():
                last = self.last()
                return {"state": "running", "pid": None if last is None else last.pid}
            self._child = self._spawn()
            return {"state": "started", "pid": self._child.pid}

    def state(self) -> str:
        """``idle``, ``running``, or ``ended with CODE``; ``running`` too when another process trains."""
        with self._lock:
            code = None if self._child is None else self._child.poll()
            if (self._child is not None and code is None) or self._is_held():
                return "running"
            return "idle" if self._child is None else f"ended with {code}"

    @property
    def running(self) -> bool:
        """Whether one goes on, whoever started it."""
        return self.state() == "running"

    def last(self) -> Run | None:
        """The newest run that began, None when there was none."""
        found = runs(self.models)
        return found[-1] if found else None

    def command(self) -> list[str]:
        """What is run."""
        return semsam("retrain", "--project", str(self._project))

    def _is_held(self) -> bool:
        return is_held(self.models / LOCK)

    def _spawn(self) -> "subprocess.Popen[bytes]":
        try:
            return start(self.command(), self._project / "label-studio" / "retrain.log")
        except CannotStart as error:
            raise EngineUnavailable(str(error)) from error
