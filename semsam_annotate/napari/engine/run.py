"""One thread with one engine: what it does next."""

import threading
from collections import deque
from collections.abc import Callable

from semsam_annotate.api import CancelToken
from semsam_annotate.napari.engine.answers import Answers
from semsam_annotate.napari.engine.lessons import Lesson
from semsam_annotate.napari.engine.request import Ahead, EngineLink, Glance, Request


class EngineRun:
    """Serves requests, then lessons, then glances, then files to read ahead, until it is abandoned."""

    def __init__(self, link: EngineLink, emit: Callable[..., None]) -> None:
        """``emit``: called with this run, a signal's name and its values, from the thread."""
        self.link = link
        self._answers = Answers(link, lambda signal, *values: emit(self, signal, *values))
        self._wanted: Request | None = None
        self._lessons: deque[Lesson] = deque()
        self._glance: Glance | None = None
        self._ahead: Ahead | None = None
        self._pause = CancelToken()
        self._abandoned = False
        self._changed = threading.Condition()
        threading.Thread(target=self._loop, name="semsam-engine", daemon=True).start()

    def put(self, request: Request) -> None:
        """Make it the one request that waits; what can be interrupted is."""
        with self._changed:
            self._pause.cancel()
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

    def put_ahead(self, ahead: Ahead) -> None:
        """Behind everything; a newer one takes its place."""
        with self._changed:
            self._ahead = ahead
            self._changed.notify()

    def abandon(self) -> None:
        """End thread and engine; nothing of them is heard again. Returns at once."""
        with self._changed:
            self._pause.cancel()
            self._abandoned = self._answers.final = True
            self._changed.notify()
        threading.Thread(target=self.link.kill, name="semsam-engine-end").start()

    def _loop(self) -> None:
        while (task := self._next()) is not None:
            if isinstance(task, Request):
                self._answers.serve(task, self._pause)
            elif isinstance(task, Glance):
                self._answers.look(task)
            elif isinstance(task, Ahead):
                self._read_ahead(task)
            else:
                self._answers.teach(task)
        self.link.kill()  # the engine may have started between the kill of abandon and the end of this thread

    def _next(self) -> Request | Lesson | Glance | Ahead | None:
        with self._changed:
            self._changed.wait_for(lambda: self._abandoned or self._waiting())
            if self._abandoned:
                return None
            self._pause = CancelToken()
            if self._wanted is not None:
                request, self._wanted = self._wanted, None
                return request
            if self._lessons:
                return self._lessons.popleft()
            if self._glance is not None:
                glance, self._glance = self._glance, None
                return glance
            ahead, self._ahead = self._ahead, None
            return ahead

    def _waiting(self) -> bool:
        return any(task is not None for task in (self._wanted, self._glance, self._ahead)) or bool(self._lessons)

    def _read_ahead(self, ahead: Ahead) -> None:
        """One that was interrupted goes on later, unless another file is wanted by then."""
        if not self._answers.read_ahead(ahead, self._pause):
            with self._changed:
                self._ahead = self._ahead or ahead
