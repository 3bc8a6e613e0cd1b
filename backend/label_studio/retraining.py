"""Training as a child process: the server goes on answering, and a crash of training leaves it alone."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Lock

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
        return [sys.executable, "-m", "semsam_annotate.cli", "retrain", "--project", str(self._project)]

    def _spawn(self) -> "subprocess.Popen[bytes]":
        log = self._project / "label-studio" / "retrain.log"
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            with open(log, "ab") as output:
                return subprocess.Popen(
                    self.command(),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=os.name == "posix",  # Ctrl+C of the server does not stop a training
                )
        except OSError as error:
            raise EngineUnavailable(f"training cannot start: {error}") from error
