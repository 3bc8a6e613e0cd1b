"""The engine in a thread of its own: the newest request wins, a crash restarts it, cancel ends it at once."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress

from psygnal import Signal

from semsam_annotate.api import (
    BadInput,
    Cancelled,
    CancelToken,
    Embedding,
    Engine,
    SemsamError,
    StaleEmbedding,
)
from semsam_annotate.napari.engine.lessons import Lesson
from semsam_annotate.napari.engine.request import EngineLink, Glance, Request

KEPT_EMBEDDINGS = 32
"""Handles are a few bytes each; the engine bounds the tensors behind them itself."""


class EngineWorker:
    """Serves the newest request in a thread; signals come through ``deliver``, which a window runs on its own thread.

    ``connect`` makes the link (quick); the engine itself starts in the thread. A request that fails because the engine
    died is tried once more on a fresh engine.
    """

    state = Signal(str)
    """"starting", "encoding", "proposing", "searching" or "idle"."""
    encoded = Signal(str)
    """Key of the image that is ready for clicks."""
    answered = Signal(int, object)
    """Ticket and Ladder."""
    found = Signal(int, object)
    """Ticket and Tree: everything in the image."""
    glanced = Signal(object, object)
    """Prompt of a glance, and its Ladder, or None."""
    failed = Signal(int, str)
    """Ticket and one line for the user."""

    def __init__(self, connect: Callable[[], EngineLink], deliver: Callable[[Callable[[], None]], None]) -> None:
        self._connect, self._deliver = connect, deliver
        self._run: _Run | None = None

    @property
    def link(self) -> EngineLink | None:
        """The way to the engine in use, None before the first request."""
        return None if self._run is None else self._run.link

    def submit(self, request: Request) -> None:
        """Ask for ``request``; one that waits is dropped, a search through the whole image ends. Returns at once."""
        if self._run is None:
            self._run = _Run(self._connect(), self._emit_from)
        self._run.put(request)

    def teach(self, lesson: Lesson) -> None:
        """Let the engine learn when it has nothing to answer, in the order told; without an engine nothing happens."""
        if self._run is not None:
            self._run.put_lesson(lesson)

    def glance(self, glance: Glance) -> None:
        """Look when nothing else is to be done; one that still waits is dropped. Without an engine nothing happens."""
        if self._run is not None:
            self._run.put_glance(glance)

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

    def _emit_from(self, run: "_Run", signal: str, *values: object) -> None:
        def emit() -> None:
            if run is self._run:
                getattr(self, signal).emit(*values)

        self._deliver(emit)


class _Run:
    """One thread with one engine, until it is abandoned."""

    def __init__(self, link: EngineLink, emit: Callable[..., None]) -> None:
        self.link, self._emit = link, emit
        self._embeddings: OrderedDict[str, Embedding] = OrderedDict()
        self._wanted: Request | None = None
        self._search = CancelToken()
        self._lessons: deque[Lesson] = deque()
        self._glance: Glance | None = None
        self._abandoned = False
        self._changed = threading.Condition()
        threading.Thread(target=self._loop, name="semsam-engine", daemon=True).start()

    def put(self, request: Request) -> None:
        """Make it the one request that waits."""
        with self._changed:
            self._search.cancel()
            self._wanted = request
            self._changed.notify()

    def put_lesson(self, lesson: Lesson) -> None:
        """Behind the lessons that wait; requests go first."""
        with self._changed:
            self._lessons.append(lesson)
            self._changed.notify()

    def put_glance(self, glance: Glance) -> None:
        """Behind requests and lessons; a newer one takes its place."""
        with self._changed:
            self._glance = glance
            self._changed.notify()

    def abandon(self) -> None:
        """End thread and engine; nothing of them is heard again. Returns at once."""
        with self._changed:
            self._search.cancel()
            self._abandoned = True
            self._changed.notify()
        threading.Thread(target=self.link.kill, name="semsam-engine-end").start()

    def _loop(self) -> None:
        while (task := self._next()) is not None:
            if isinstance(task, Request):
                self._serve(task)
                self._emit(self, "state", "idle")
            elif isinstance(task, Glance):
                self._look(task)
            else:
                self._teach(task)
        self.link.kill()  # the engine may have started between the kill of abandon and the end of this thread

    def _next(self) -> Request | Lesson | Glance | None:
        with self._changed:
            self._changed.wait_for(lambda: self._abandoned or self._waiting())
            if self._abandoned:
                return None
            if self._wanted is not None:
                request, self._wanted = self._wanted, None
                return request
            if self._lessons:
                return self._lessons.popleft()
            glance, self._glance = self._glance, None
            return glance

    def _waiting(self) -> bool:
        return self._wanted is not None or self._glance is not None or bool(self._lessons)

    def _look(self, glance: Glance) -> None:
        """A glance starts nothing, and nobody waits for it."""
        ladder = None
        embedding = self._embeddings.get(glance.image_key) if self.link.is_running else None
        if embedding is not None:
            with suppress(Exception):
                ladder = self.link.engine.propose(embedding, glance.prompt, glance.vocabulary)
        self._emit(self, "glanced", glance.prompt, ladder)

    def _teach(self, lesson: Lesson) -> None:
        """A lesson makes later suggestions better; one that fails must not disturb the work."""
        with suppress(Exception):
            engine = self._start()
            if lesson.image is None:
                lesson.teach(engine, None)
                return
            asked = Request(0, lesson.image_key, lesson.image)
            try:
                lesson.teach(engine, self._embedding(engine, asked))
            except StaleEmbedding:
                self._embeddings.pop(lesson.image_key, None)
                lesson.teach(engine, self._embedding(engine, asked))

    def _serve(self, request: Request) -> None:
        try:
            self._answer_or_restart(request)
        except Cancelled:  # by what the person did next, which needs no words
            return
        except SemsamError as error:
            self._emit(self, "failed", request.ticket, str(error))
        except Exception as error:  # a fault of the engine must reach the user, never end the thread
            self._emit(self, "failed", request.ticket, f"{type(error).__name__}: {error}")

    def _answer_or_restart(self, request: Request) -> None:
        engine = self._start()
        try:
            self._answer(engine, request)
        except (BadInput, Cancelled):
            raise
        except Exception:  # it crashed, was killed, or the connection broke: once more on a fresh one
            if self._abandoned:
                raise
            self.link.kill()
            self._embeddings.clear()
            self._answer(self._start(), request)

    def _start(self) -> Engine:
        if not self.link.is_running:
            self._emit(self, "state", "starting")
        return self.link.engine

    def _answer(self, engine: Engine, request: Request) -> None:
        try:
            self._propose(engine, request)
        except StaleEmbedding:
            self._embeddings.pop(request.image_key, None)
            self._propose(engine, request)

    def _propose(self, engine: Engine, request: Request) -> None:
        embedding = self._embedding(engine, request)
        if request.everything:
            self._emit(self, "state", "searching")
            tree = engine.auto(embedding, request.vocabulary, cancel=self._fresh_search())
            self._emit(self, "found", request.ticket, tree)
        elif request.prompt is not None:
            self._emit(self, "state", "proposing")
            self._emit(self, "answered", request.ticket, engine.propose(embedding, request.prompt, request.vocabulary))

    def _fresh_search(self) -> CancelToken:
        """A token that the next request cancels; at once, if one waits already."""
        with self._changed:
            self._search = CancelToken()
            if self._wanted is not None:
                self._search.cancel()
            return self._search

    def _embedding(self, engine: Engine, request: Request) -> Embedding:
        if request.image_key not in self._embeddings:
            self._emit(self, "state", "encoding")
            self._embeddings[request.image_key] = engine.encode(request.image)
            self._emit(self, "encoded", request.image_key)
        self._embeddings.move_to_end(request.image_key)
        while len(self._embeddings) > KEPT_EMBEDDINGS:
            self._embeddings.popitem(last=False)
        return self._embeddings[request.image_key]
