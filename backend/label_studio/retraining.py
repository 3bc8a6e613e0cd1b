"""Training as a child process: the server goes on answering, and a crash of training leaves it alone."""

import subprocess
from pathlib import Path
from threading import Lock

from semsam_annotate.annotations.retraining.child import CannotStart, semsam, start
from semsam_annotate.api import EngineUnavailable


class Retraining:
    """At most one ``semsam retrain`` of a project at a time; its output goes to ``label-studio/retrain.log``."""

    def __init__(self, project: Path) -> None:
        self._project, self._lock = project, Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> dict[str, object]:
        """Start it and return at once: ``{"state": "started" or "running", "pid": …}``."""
        with self._lock:
            if self._child is not None and self._child.poll() is None:
                return {"state": "running", "pid": self._child.pid}
            self._child = self._spawn()
            return {"state": "started", "pid": self._child.pid}

    def state(self) -> str:
        """``idle``, ``running``, or ``ended with CODE``."""
        with self._lock:
            if self._child is None:
                return "idle"
            code = self._child.poll()
            return "running" if code is None else f"ended with {code}"

    def command(self) -> list[str]:
        """What is run."""
        return semsam("retrain", "--project", str(self._project))

    def _spawn(self) -> "subprocess.Popen[bytes]":
        try:
            return start(self.command(), self._project / "label-studio" / "retrain.log")
        except CannotStart as error:
            raise EngineUnavailable(str(error)) from error
