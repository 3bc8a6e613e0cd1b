"""What an engine is made to do for a window: answers, glances, lessons, reading ahead; a dead engine starts again."""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from semsam_annotate.api import (
    BadInput,
    Cancelled,
    CancelToken,
    Embedding,
    Engine,
    Ladder,
    SemsamError,
    StaleEmbedding,
)
from semsam_annotate.napari.engine.lessons import Lesson
from semsam_annotate.napari.engine.request import Ahead, EngineLink, Glance, Request
from semsam_annotate.napari.state.picture import ReadImage

KEPT_EMBEDDINGS = 32
"""Handles are a few bytes each; the engine bounds the tensors behind them itself."""


class Answers:
    """Used by one thread. ``emit``: signal's name and values. ``final``: nothing is started or tried again."""

    def __init__(self, link: EngineLink, emit: Callable[..., None]) -> None:
        self._link, self._emit = link, emit
        self._embeddings: OrderedDict[str, Embedding] = OrderedDict()
        self._read: ReadImage | None = None
        self.final = False

    def serve(self, request: Request, pause: CancelToken) -> None:
        """Answer a request; a search stops when ``pause`` is cancelled."""
        try:
            self._answer_or_restart(request, pause)
        except Cancelled:  # by what the person did next, which needs no words
            pass
        except SemsamError as error:
            self._emit("failed", request.ticket, str(error))
        except Exception as error:  # a fault of the engine must reach the user, never end the thread
            self._emit("failed", request.ticket, f"{type(error).__name__}: {error}")
        self._emit("state", "idle")

    def look(self, glance: Glance) -> None:
        """A glance starts nothing, and nobody waits for it."""
        ladder = None
        embedding = self._embeddings.get(glance.image_key) if self._link.is_running else None
        if embedding is not None:
            with suppress(Exception):
                ladder = self._link.engine.propose(embedding, glance.prompt, glance.vocabulary)
                _decode(ladder)
        self._emit("glanced", glance, ladder)

    def teach(self, lesson: Lesson) -> None:
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

    def read_ahead(self, ahead: Ahead, pause: CancelToken) -> bool:
        """Read a file and encode it, saying nothing when that fails; False when it was interrupted."""
        with suppress(Exception):
            if self._read is None or self._read.path != ahead.path:
                self._read = ReadImage.of(ahead.path)
            image = self._read
            self._emit("read", image)
            if self._link.is_running and image.sha256 not in self._embeddings:
                try:
                    self._keep(image.sha256, self._link.engine.encode(image.rgb, cancel=pause))
                except Cancelled:
                    return False
        return True

    def _answer_or_restart(self, request: Request, pause: CancelToken) -> None:
        engine = self._start()
        try:
            self._answer(engine, request, pause)
        except (BadInput, Cancelled):
            raise
        except Exception:  # it crashed, was killed, or the connection broke: once more on a fresh one
            if self.final:
                raise
            self._link.kill()
            self._embeddings.clear()
            self._answer(self._start(), request, pause)

    def _start(self) -> Engine:
        if not self._link.is_running:
            self._emit("state", "starting")
        return self._link.engine

    def _answer(self, engine: Engine, request: Request, pause: CancelToken) -> None:
        try:
            self._propose(engine, request, pause)
        except StaleEmbedding:
            self._embeddings.pop(request.image_key, None)
            self._propose(engine, request, pause)

    def _propose(self, engine: Engine, request: Request, pause: CancelToken) -> None:
        embedding, words = self._embedding(engine, request), request.vocabulary
        if request.everything:
            self._emit("state", "searching")
            pause.check()  # reading the image cannot be interrupted; what came meanwhile goes first
            self._emit("found", request.ticket, engine.auto(embedding, words, cancel=pause))
        elif request.several:
            self._emit("state", "carrying")
            self._emit("carried", request.ticket, engine.propose_many(embedding, request.several, words))
        elif request.prompt is not None:
            self._emit("state", "proposing")
            ladder = engine.propose(embedding, request.prompt, words)
            _decode(ladder)
            self._emit("answered", request.ticket, ladder)

    def _embedding(self, engine: Engine, request: Request) -> Embedding:
        if request.image_key not in self._embeddings:
            self._emit("state", "encoding")
            self._keep(request.image_key, engine.encode(request.image))
            self._emit("encoded", request.image_key)
        self._embeddings.move_to_end(request.image_key)
        return self._embeddings[request.image_key]

    def _keep(self, key: str, embedding: Embedding) -> None:
        self._embeddings[key] = embedding
        while len(self._embeddings) > KEPT_EMBEDDINGS:
            self._embeddings.popitem(last=False)


def _decode(ladder: Ladder) -> None:
    """Here, because the window has to draw."""
    for proposal in ladder:
        proposal.mask  # noqa: B018 - made on first access
