"""Writes down where the person is, soon after it changes, so that a killed window opens there again."""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, QTimer

from semsam_annotate.api import BadInput
from semsam_annotate.api.lock import held, is_held
from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.canvas.view import camera_of
from semsam_annotate.napari.state.connections import Connections
from semsam_annotate.napari.state.workspace import Workspace
from semsam_annotate.napari.state.workspace_file import workspace_lock

DELAY_MS = 400
"""Changes within this time are written once."""

SHARED = "another window of yours has this project open: they share one undo and one place to go on from; close one"


class WorkspaceKeeper(QObject):
    """Keeps the workspace of one annotator at a time. A thread writes it: a busy disk takes a tenth of a second."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._annotator: Annotator | None = None
        self._connections = Connections()
        self._writer: ThreadPoolExecutor | None = None
        self._writing: Future[None] | None = None
        self._lock = ExitStack()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self._write)

    def watch(self, annotator: Annotator) -> None:
        """Keep this one's from now on; a second window of the same person on the same project is told to them."""
        self._notice_others(annotator)
        self._annotator, self._writer = annotator, ThreadPoolExecutor(1, "semsam-workspace")
        self._connections = Connections((signal, self._soon) for signal in self._signals(annotator))

    def stop(self) -> None:
        """Write what is not written yet, and end."""
        self._connections.release()
        self._timer.stop()
        self._begin()
        if self._writer is not None:
            self._writer.shutdown()
        self._annotator = self._writer = None
        self._lock.close()

    def _notice_others(self, annotator: Annotator) -> None:
        """Hold a lock file for as long as this window is open; a disk without locks notices nobody."""
        lock = workspace_lock(annotator.session.ledger.workspace)
        if is_held(lock):
            annotator.session.told.emit(SHARED)
            return
        with suppress(BadInput, OSError):
            self._lock.enter_context(held(lock, SHARED))

    def _signals(self, annotator: Annotator) -> tuple[Any, ...]:
        session, editing, camera = annotator.session, annotator.editing, camera_of(annotator.viewer).events
        ours = (session.candidate_changed, session.accepted_changed, editing.selection_changed, editing.marks_changed)
        return (*ours, annotator.touch.changed, annotator.touch.stroked, camera.center, camera.zoom)

    def _soon(self, _: Any = None) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _write(self) -> None:
        if self._writing is not None and not self._writing.done():
            self._timer.start()  # what is newest then
            return
        if self._writing is not None:
            self._writing.result()  # a fault of ours must not stay unheard
        self._begin()

    def _begin(self) -> None:
        if self._annotator is not None and self._writer is not None and self._annotator.session.picture is not None:
            path = self._annotator.session.ledger.workspace
            self._writing = self._writer.submit(_keep, self._annotator.workspace(), path)


def _keep(workspace: Workspace, path: Path) -> None:
    with suppress(OSError):  # a full disk must not stop the work: what was accepted is stored by its own way
        workspace.write(path)
