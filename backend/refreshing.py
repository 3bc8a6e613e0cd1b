"""A project's prototype memory kept in line with its records while the server runs, in a thread of its own."""

import logging
import threading
from pathlib import Path

from semsam_annotate.annotations import Project, named_masks
from semsam_annotate.backend.giving_way import Background
from semsam_annotate.backend.worker import EngineWorker
from semsam_annotate.model.engine import LocalEngine

log = logging.getLogger("semsam.prototypes")


class MemoryKeeper:
    """Refreshes at the start, when told of news, and after a promotion; clicks go first, also within an image.

    Records are compared with the memory, so deleted and superseded ones are forgotten however the news of them came.
    """

    def __init__(self, engine: LocalEngine, project: Path, worker: EngineWorker, seconds: float = 15.0) -> None:
        self._engine, self._project, self._seconds = engine, project, seconds
        self._news, self._stop = threading.Event(), threading.Event()
        self.background = Background(worker, self._stop)
        self._thread = threading.Thread(target=self._run, name="prototypes", daemon=True)

    def start(self) -> None:
        """Begin, with a refresh."""
        self._news.set()
        self._thread.start()

    def tell(self) -> None:
        """There may be news in the store."""
        self._news.set()

    def close(self) -> None:
        """End; the next start goes on with the image that is being encoded."""
        self._stop.set()
        self._news.set()
        self._thread.join()

    def _run(self) -> None:
        version = ""
        while not self._stop.is_set():
            told = self._news.wait(self._seconds)
            self._news.clear()
            try:
                current = self._engine.info.version
                if (told or current != version) and not self._stop.is_set():
                    self._refresh()
                version = current
            except Exception as error:  # suggestions may lag behind, the server must not end for that
                log.warning("the prototype memory is not up to date: %s", error)

    def _refresh(self) -> None:
        with Project.open(self._project) as project:
            while (done := self._engine.refresh(lambda: named_masks(project), turn=self.background.next)).cancelled:
                if self._stop.is_set():
                    return
        self.background.over()
        for id, reason in list(done.failed.items())[:3]:
            log.warning("the mask %s is not remembered: %s", id, reason)


def keeper_of(engine: object, source: str, worker: EngineWorker) -> MemoryKeeper | None:
    """For an engine in this process that follows a project ("project:DIR"), which has a memory on disk; else None."""
    if not source.startswith("project:") or not isinstance(engine, LocalEngine):
        return None
    return MemoryKeeper(engine, Path(source.removeprefix("project:")), worker)
