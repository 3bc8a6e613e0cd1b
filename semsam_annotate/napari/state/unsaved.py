"""What was painted in a picture and could not be stored when somebody turned away: kept until they come back."""

from dataclasses import dataclass

from semsam_annotate.api import Mask, Rle, decode_rle, encode_rle
from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.state.labels import LabelChoice
from semsam_annotate.napari.state.session import AnnotationSession


@dataclass(frozen=True)
class _Held:
    """``target``: id of the accepted mask it corrects, None for a new one made from ``candidate``."""

    rle: Rle
    target: str | None
    edits: int
    candidate: Candidate
    choice: LabelChoice


class Unsaved:
    """At most one painting a picture, as long as the window is open."""

    def __init__(self, session: AnnotationSession) -> None:
        self._session = session
        self._held: dict[tuple[str, tuple[int, ...]], _Held] = {}

    def hold(self, mask: Mask, target: str | None, edits: int) -> None:
        """Keep what was painted in the picture that is open, (H, W) bool, in that many strokes."""
        picture, old = self._session.picture, self._session.mask(target)
        if picture is not None:
            choice = self._session.choice if old is None else LabelChoice(old.object or "", old.part or "", True)
            candidate = self._session.candidate
            self._held[picture.sha256, picture.plane] = _Held(encode_rle(mask), target, edits, candidate, choice)

    def take(self) -> tuple[Mask, str | None, int] | None:
        """What was kept of the picture that is open, once: mask, target and strokes; None when nothing was.

        Where the accepted mask is gone it is a new one, with the names of that.
        """
        picture = self._session.picture
        held = None if picture is None else self._held.pop((picture.sha256, picture.plane), None)
        if held is None:
            return None
        target = None if self._session.mask(held.target) is None else held.target
        if target is None:
            self._session.bring_back(held.candidate, held.choice)
            self._session.label(held.choice.object, held.choice.part)
        return decode_rle(held.rle), target, held.edits
