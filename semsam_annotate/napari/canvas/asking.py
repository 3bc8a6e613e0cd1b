"""What a session wants of the engine, and what comes back."""

from collections.abc import Callable
from pathlib import Path

from semsam_annotate.api import Ladder, Prompt, SemsamError, Tree
from semsam_annotate.napari.engine.lessons import Forget, Remember
from semsam_annotate.napari.engine.request import Ahead, Glance, Request
from semsam_annotate.napari.engine.worker import EngineWorker
from semsam_annotate.napari.state.carrying import Carrying
from semsam_annotate.napari.state.connections import Connections
from semsam_annotate.napari.state.hover import Hover
from semsam_annotate.napari.state.review import ReviewQueue
from semsam_annotate.napari.state.session import AnnotationSession
from semsam_annotate.napari.state.shift import Shift


class Asking:
    """Carries requests and lessons to the worker and answers back, until ``release``.

    What a click gives was mostly seen a moment before, when the pointer came there: the same question is asked once.

    ``refresh``: called before a request, so that the picture is what the person sees at that moment.
    """

    def __init__(
        self,
        session: AnnotationSession,
        review: ReviewQueue,
        hover: Hover,
        carrying: Carrying,
        worker: EngineWorker,
        refresh: Callable[[], None],
    ) -> None:
        self._session, self._review, self._worker, self._refresh = session, review, worker, refresh
        self._carrying, self._hover = carrying, hover
        self._sought: str | None = None
        self._seen: tuple[Glance, Ladder] | None = None
        self._connections = Connections(
            [
                (session.asked, self._ask),
                (hover.asked, self._glance),
                (worker.glanced, self._see),
                (session.shifted, self._teach),
                (worker.answered, self._answer),
                (worker.found, self._find),
                (carrying.asked, self._ask_several),
                (worker.carried, self._bring),
                (worker.failed, self._refuse),
            ]
        )

    def release(self) -> None:
        """Carry no more."""
        self._connections.release()

    def prepare(self, ahead: Path | None) -> None:
        """Encode the picture before the first click, then the file that will likely be opened next."""
        self._submit(self._session.ticket)
        if ahead is not None:
            self._worker.read_ahead(Ahead(ahead))

    def ask_anew(self) -> None:
        """Ask a fresh engine what the one before was still to answer, else let it read the picture."""
        self._seen = None
        session, prompts = self._session, self._carrying.prompts
        if session.waiting:
            self._submit(session.ticket, session.candidate.prompt)
        elif prompts:
            self._ask_several(prompts)
        else:
            self.prepare(None)

    def search(self) -> None:
        """Look for everything in the picture; what is found becomes the queue."""
        if self._session.waiting:  # the search would take the place of that request
            self._session.told.emit("one moment: the answer to the last click is on its way")
            return
        self._carrying.stop()  # its request gives way to this one
        self._refresh()
        self._sought = None if self._session.picture is None else self._session.picture.key
        self._submit(0, everything=True)

    def _ask(self, ticket: int, prompt: Prompt) -> None:
        self._refresh()
        if self._seen is not None and self._seen[0] == self._looked_at(prompt):
            self._session.answer(ticket, self._seen[1])
        else:
            self._submit(ticket, prompt)

    def _glance(self, prompt: Prompt) -> None:
        glance = self._looked_at(prompt)
        if glance is not None:
            self._worker.glance(glance)

    def _see(self, glance: Glance, ladder: Ladder | None) -> None:
        """The answer to a look, which a click may wait for by now."""
        self._seen = None if ladder is None else (glance, ladder)
        session = self._session
        if ladder is not None and session.waiting and glance == self._looked_at(session.candidate.prompt):
            session.answer(session.ticket, ladder)
        self._hover.answer(glance.prompt, ladder)

    def _looked_at(self, prompt: Prompt) -> Glance | None:
        picture = self._session.picture
        return None if picture is None else Glance(picture.key, prompt, self._session.vocabulary)

    def _ask_several(self, prompts: tuple[Prompt, ...]) -> None:
        self._submit(self._session.ticket, several=prompts)

    def _submit(
        self, ticket: int, prompt: Prompt | None = None, everything: bool = False, several: tuple[Prompt, ...] = ()
    ) -> None:
        picture = self._session.picture
        if picture is not None:
            words = self._session.vocabulary
            self._worker.submit(Request(ticket, picture.key, picture.rgb, prompt, words, everything, several))

    def _teach(self, shift: Shift) -> None:
        """The engine forgets what left and remembers what came, which changes the names it gives."""
        self._seen = None
        picture = self._session.picture
        for id in shift.out:
            self._worker.teach(Forget(id))
        if picture is not None:
            for mask in shift.brought:
                self._worker.teach(Remember(picture.key, picture.rgb, mask))

    def _answer(self, ticket: int, ladder: Ladder) -> None:
        self._session.answer(ticket, ladder)

    def _find(self, _: int, tree: Tree) -> None:
        picture = self._session.picture
        if picture is not None and picture.key == self._sought:
            self._take(lambda: self._review.load(tree))

    def _bring(self, ticket: int, ladders: list[Ladder]) -> None:
        if ticket == self._session.ticket:
            self._take(lambda: self._carrying.answer(ladders))

    def _take(self, action: Callable[[], None]) -> None:
        """Take what the engine found, which reads and writes the store."""
        try:
            action()
        except (SemsamError, OSError) as error:  # it is full, read-only or locked
            self._session.told.emit(str(error))

    def _refuse(self, ticket: int, message: str) -> None:
        self._carrying.fail()
        self._session.refuse(ticket, message)
