"""Writing the project's files while a person goes on: thousands of masks take seconds."""

from psygnal import Signal

from semsam_annotate.api import CancelToken, SemsamError
from semsam_annotate.napari.state.background import Background
from semsam_annotate.napari.state.session import AnnotationSession


class Exporting:
    """One export at a time, in a thread; ``poll`` it a few times a second while ``busy``.

    ``share``: of the file being written, 0..1.
    """

    changed = Signal()
    """It began or ended."""

    def __init__(self, session: AnnotationSession) -> None:
        self._session, self._cancel = session, CancelToken()
        self._writing = Background[str]()
        self.share = 0.0

    @property
    def busy(self) -> bool:
        """Whether an export goes on."""
        return self._writing.busy

    def start(self) -> None:
        """Write COCO and part JSON of the whole project into its folder."""
        if self.busy:
            self._session.told.emit(f"an export goes on, {self.share:.0%} of its file is written: wait for it")
            return
        self.share = 0.0
        self._writing.begin(lambda: self._session.ledger.export(self._follow))
        self.changed.emit()

    def poll(self) -> None:
        """Tell what was written, or why it could not be, once it has ended."""
        ended = self._writing.ended()
        if ended is None:
            return
        try:
            line = ended.result()
        except (SemsamError, OSError) as error:
            line = str(error)
        self._session.told.emit(line)
        self.changed.emit()

    def close(self) -> None:
        """End it between two images; the files of before stay, complete."""
        self._cancel.cancel()
        self._writing.wait()

    def _follow(self, done: int, of: int) -> None:
        self._cancel.check()
        self.share = done / max(of, 1)
