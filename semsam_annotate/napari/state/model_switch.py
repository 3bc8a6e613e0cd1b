"""Which model of a project serves, and another one: promote a version, go back to the one before."""

import subprocess
from pathlib import Path

from psygnal import Signal

from semsam_annotate.annotations.retraining import child
from semsam_annotate.api import BadInput
from semsam_annotate.api.promotions import PACKAGED, Promotions
from semsam_annotate.napari.state.last_words import last_words


class ModelSwitch:
    """``semsam models promote`` and ``rollback`` in a child process, which can load the weights before they serve."""

    changed = Signal()
    """Anything to show."""
    told = Signal(str)
    """One line for the person."""
    switched = Signal(object)
    """Folder (Path) of the project, whose model is another one now, whoever promoted it: start its engine anew."""

    def __init__(self, project: Path, models: Path) -> None:
        self._project, self._promotions = project, Promotions(models)
        self._log = models / "promote.log"
        self._child: subprocess.Popen[bytes] | None = None
        self._history = [PACKAGED]
        self._refused = self._damaged = ""
        self._look()

    @property
    def error(self) -> str:
        """What is wrong with it, in one sentence; "" when nothing is."""
        return self._damaged or self._refused

    @property
    def active(self) -> str:
        """Version that serves."""
        return self._history[-1]

    @property
    def busy(self) -> bool:
        """Whether it is being changed."""
        return self._child is not None

    @property
    def can_go_back(self) -> bool:
        """Whether there is one before."""
        return len(self._history) > 1

    def promote(self, version: str) -> None:
        """Let this version serve."""
        self._begin("promote", version)

    def go_back(self) -> None:
        """Let the version before serve."""
        self._begin("rollback")

    def poll(self) -> None:
        """Look whether that is done, or whether somebody else did it."""
        if self._child is not None and self._child.poll() is not None:
            code, self._child = self._child.returncode, None
            said = last_words(self._log) or f"its process ended with code {code}"
            self._refused = "" if code == 0 else f"the model stays as it is: {said}"
            self.changed.emit()
        before = self._history
        self._look()
        if self._history != before:
            self.changed.emit()
        if self._history[-1] != before[-1]:
            self.told.emit(f"the model {self.active} serves now")
            self.switched.emit(self._project)

    def _begin(self, *what: str) -> None:
        if self._child is not None:
            raise BadInput("one moment: the model is being changed")
        self._log.unlink(missing_ok=True)
        self._child = child.start(child.semsam("models", *what, "--project", str(self._project)), self._log)
        self._refused = ""
        self.changed.emit()

    def _look(self) -> None:
        try:
            self._history, self._damaged = self._promotions.history(), ""
        except BadInput as error:
            self._damaged = f"{error}; without this file the packaged model serves"
        except OSError:  # a network drive that is gone for a moment
            return
