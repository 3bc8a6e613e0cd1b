"""The list of images to go through: which are new, in work, done, skipped."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from psygnal import Signal

from semsam_annotate.annotations.image_states import ImageProgress, Said, state_of
from semsam_annotate.api import BadInput
from semsam_annotate.napari.state.session import AnnotationSession


class ImageList:
    """How far every image of the list is; follows the session's picture, whose masks and state change."""

    changed = Signal()
    """Other images are listed."""
    row_changed = Signal(int)
    """The image in that place is further, or less far."""

    def __init__(self, session: AnnotationSession) -> None:
        self._session = session
        self.rows: list[ImageProgress] = []
        self._places: dict[Path, int] = {}
        session.accepted_changed.connect(self._count)

    def show(self, paths: Sequence[Path]) -> None:
        """List these files, with what the project knows of them."""
        known = {image.path.resolve(): image for image in self._session.ledger.progress()}
        self.rows = [replace(known.get(path.resolve(), ImageProgress(path)), path=path) for path in paths]
        self._places = {row.path.resolve(): place for place, row in enumerate(self.rows)}
        self.changed.emit()

    @property
    def here(self) -> int | None:
        """Place of the picture that is open, None when it is not in the list."""
        picture = self._session.picture
        return None if picture is None or picture.path is None else self._places.get(picture.path.resolve())

    @property
    def settled(self) -> int:
        """How many are done or skipped."""
        return sum(row.state in ("done", "skipped") for row in self.rows)

    def mark(self, said: Said) -> None:
        """Say that the picture that is open is done, skipped, or open again; BadInput when none is open."""
        picture = self._session.picture
        if picture is None:
            raise BadInput("open an image first")
        self._session.ledger.mark(picture, said)
        if (place := self.here) is not None:
            self._set(place, replace(self.rows[place], state=state_of(said, self.rows[place].accepted)))

    def next_open(self) -> int | None:
        """Place of the next image, from the one that is open onwards and then from the start, that is not settled."""
        start = -1 if self.here is None else self.here
        around = [*range(start + 1, len(self.rows)), *range(max(start, 0))]
        return next((place for place in around if self.rows[place].state not in ("done", "skipped")), None)

    def ahead(self) -> Path | None:
        """The file that is likely wanted next."""
        place = self.next_open()
        return None if place is None else self.rows[place].path

    def _count(self, accepted: Sequence[object]) -> None:
        if (place := self.here) is not None and self.rows[place].accepted != len(accepted):
            row = self.rows[place]
            settled = row.state if row.state in ("done", "skipped") else None
            self._set(place, replace(row, accepted=len(accepted), state=state_of(settled, len(accepted))))

    def _set(self, place: int, row: ImageProgress) -> None:
        self.rows[place] = row
        self.row_changed.emit(place)
