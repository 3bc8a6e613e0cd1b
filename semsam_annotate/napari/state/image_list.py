"""The list of images to go through: which are new, in work, done, skipped, and which comes next."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, zip_longest
from pathlib import Path

from psygnal import Signal

from semsam_annotate.annotations.image_states import ImageProgress, Said, state_of
from semsam_annotate.api import BadInput, SemsamError
from semsam_annotate.napari.state.session import AnnotationSession

FEW = 20
"""Images that changed elsewhere are told one by one up to this number."""


class ImageList:
    """How far every image of the list is; follows the session's picture, and others where it matters what comes."""

    changed = Signal()
    """Other images are listed, or many are further or less far."""
    row_changed = Signal(int)
    """The image in that place is further, or less far."""

    def __init__(self, session: AnnotationSession) -> None:
        self._session = session
        self.rows: list[ImageProgress] = []
        self._known: list[ImageProgress] = []
        self._places: dict[Path, int] = {}
        self._known_as: dict[Path, int] = {}
        self._unreadable: set[int] = set()
        self._resolved: dict[Path, int] | None = None
        session.accepted_changed.connect(self._count)

    def show(self, paths: Sequence[Path]) -> None:
        """List these files, with what the project knows of them."""
        self._known = self._session.ledger.progress()
        known = {image.path: image for image in self._known}
        if not known.keys() >= set(paths):  # the same file by another way; asking the disk takes long for many
            known |= {image.path.resolve(): image for image in known.values()}
        found = [known.get(path) or known.get(path.resolve()) for path in paths]
        self.rows = [_under(path, image) for path, image in zip(paths, found, strict=True)]
        self._places = {path: place for place, path in enumerate(paths)}
        self._known_as = {image.path: place for place, image in enumerate(found) if image is not None}
        self._unreadable = set()
        self._resolved = None
        self.changed.emit()

    def refresh(self) -> None:
        """Take over what other windows and people did since; what a store that is busy does not tell stays as it was.

        Only images that changed there: of copies the store knows one file, and what was settled here stays so.
        """
        try:
            known, before = self._session.ledger.progress(), self._known
        except (SemsamError, OSError):
            return
        self._known = known
        found = {place: row for row in _changed(before, known) if (place := self._place(row.path)) is not None}
        rows = {place: replace(row, path=self.rows[place].path) for place, row in found.items()}
        changed = [place for place, row in rows.items() if row != self.rows[place]]
        for place in changed:
            self.rows[place] = rows[place]
        if len(changed) > FEW:
            self.changed.emit()
        else:
            for place in changed:
                self.row_changed.emit(place)

    @property
    def here(self) -> int | None:
        """Place of the picture that is open, None when it is not in the list."""
        picture = self._session.picture
        return None if picture is None or picture.path is None else self._place(picture.path)

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

    def leave_out(self, place: int, why: str) -> None:
        """A file that cannot be read does not come next, until somebody opened it after all."""
        self._unreadable.add(place)
        self._session.told.emit(why)

    def useful(self, besides: int | None) -> int | None:
        """Place of the most useful image to annotate, ``besides`` one; None when there is no other in the list."""
        self.refresh()
        return next((place for place in self._queue() if place != besides and place not in self._unreadable), None)

    def following(self) -> int | None:
        """Place of the image to go on with: the most useful one where the project's are ranked, else the next open one.

        Of copies the store knows one file only: what was settled here does not come again.
        """
        self.refresh()
        here, queue = self.here, self._queue() if self._session.ledger.ranked else ()
        ranked = next((place for place in queue if place != here and self._open(place)), None)
        return self._next() if ranked is None else ranked

    def _next(self) -> int | None:
        """Place of the next image, from the one that is open onwards and then from the start, that is not settled."""
        start = -1 if self.here is None else self.here
        around = chain(range(start + 1, len(self.rows)), range(max(start, 0)))
        return next((place for place in around if self._open(place)), None)

    def _place(self, path: Path) -> int | None:
        """Place of a file in the list, of the same file by another way too."""
        place = self._places.get(path, self._known_as.get(path))
        if place is None and self._resolved is None:
            self._resolved = {path.resolve(): place for path, place in self._places.items()}
        return place if place is not None else (self._resolved or {}).get(path.resolve())

    def _queue(self) -> Iterator[int]:
        """Places in the list of the project's open images, the most useful first."""
        places = (self._known_as.get(path) for path in self._session.ledger.queue())
        return (place for place in places if place is not None)

    def _open(self, place: int) -> bool:
        return place not in self._unreadable and self.rows[place].state not in ("done", "skipped")

    def _count(self, accepted: Sequence[object]) -> None:
        if (place := self.here) is None:
            return
        self._unreadable.discard(place)
        if (row := self.rows[place]).accepted != len(accepted):
            settled = row.state if row.state in ("done", "skipped") else None
            self._set(place, replace(row, accepted=len(accepted), state=state_of(settled, len(accepted))))

    def _set(self, place: int, row: ImageProgress) -> None:
        self.rows[place] = row
        self.row_changed.emit(place)


def _changed(before: Sequence[ImageProgress], now: Sequence[ImageProgress]) -> list[ImageProgress]:
    """Rows that are not as before; of an image that has not changed it is the same object, mostly in the same place."""
    pairs = [(old, row) for old, row in zip_longest(before, now) if row is not old and row != old]
    if all(old is not None and row is not None and old.path == row.path for old, row in pairs):
        return [row for _, row in pairs if row is not None]
    known = {row.path: row for row in before}  # files came or went
    return [row for row in now if known.get(row.path) != row]


def _under(path: Path, image: ImageProgress | None) -> ImageProgress:
    """What is known of an image, under the path that it is listed by."""
    if image is None:
        return ImageProgress(path)
    return image if image.path == path else replace(image, path=path)
