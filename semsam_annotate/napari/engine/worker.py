"""The engine in a thread of its own, seen from the window: the newest request wins, a crash restarts it."""

from collections.abc import Callable

from psygnal import Signal

from semsam_annotate.napari.engine.lessons import Lesson
from semsam_annotate.napari.engine.request import Ahead, EngineLink, Glance, Request
from semsam_annotate.napari.engine.run import EngineRun


class EngineWorker:
    """Serves the newest request in a thread; signals come through ``deliver``, which a window runs on its own thread.

    ``connect`` makes the link (quick); the engine itself starts in the thread. A request that fails because the engine
    died is tried once more on a fresh engine.
    """

    state = Signal(str)
    """"starting", "encoding", "proposing", "searching", "carrying" or "idle"."""
    encoded = Signal(str)
    """Key of the image that is ready for clicks."""
    answered = Signal(int, object)
    """Ticket and Ladder."""
    found = Signal(int, object)
    """Ticket and Tree: everything in the image."""
    carried = Signal(int, object)
    """Ticket and list[Ladder], one for each of a request's several prompts."""
    glanced = Signal(object, object)
    """Glance, and its Ladder, or None."""
    read = Signal(object)
    """ReadImage: a file that was read ahead."""
    failed = Signal(int, str)
    """Ticket and one line for the user."""

    def __init__(self, connect: Callable[[], EngineLink], deliver: Callable[[Callable[[], None]], None]) -> None:
        self._connect, self._deliver = connect, deliver
        self._run: EngineRun | None = None

    @property
    def link(self) -> EngineLink | None:
        """The way to the engine in use, None before the first request."""
        return None if self._run is None else self._run.link

    def submit(self, request: Request) -> None:
        """Ask for ``request``; one that waits is dropped, a search through the whole image ends. Returns at once."""
        if self._run is None:
            self._run = EngineRun(self._connect(), self._emit_from)
        self._run.put(request)

    def teach(self, lesson: Lesson) -> None:
        """Let the engine learn when it has nothing to answer, in the order told; without an engine nothing happens."""
        if self._run is not None:
            self._run.put_lesson(lesson)

    def glance(self, glance: Glance) -> None:
        """Look when nothing else is to be done; one that still waits is dropped. Without an engine nothing happens."""
        if self._run is not None:
            self._run.put_glance(glance)

    def read_ahead(self, ahead: Ahead) -> None:
        """Read and encode a file when nothing at all is to be done. Without an engine nothing happens."""
        if self._run is not None:
            self._run.put_ahead(ahead)

    def cancel(self) -> None:
        """End the engine in the middle of whatever it does; the next request starts a fresh one."""
        run, self._run = self._run, None
        if run is not None:
            run.abandon()
            self.state.emit("idle")

    def close(self) -> None:
        """End the engine for good."""
        run, self._run = self._run, None
        if run is not None:
            run.abandon()

    def _emit_from(self, run: EngineRun, signal: str, *values: object) -> None:
        def emit() -> None:
            if run is self._run:
                getattr(self, signal).emit(*values)

        self._deliver(emit)
