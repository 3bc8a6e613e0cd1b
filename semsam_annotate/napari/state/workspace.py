"""Where somebody was when the window closed, or died: image, plane, view, selection, the mask not accepted yet."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.api import BadInput, Ladder, Prompt
from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.state.editing import MaskEditing
from semsam_annotate.napari.state.labels import LabelChoice
from semsam_annotate.napari.state.picture import Picture
from semsam_annotate.napari.state.session import AnnotationSession
from semsam_annotate.napari.state.touch_up import TouchUp


@dataclass(frozen=True)
class Workspace:
    """``file``: of the image shown. ``sha256``: of the picture that the rest belongs to. ``view``: centre and zoom.

    ``hidden``, ``locked``: masks of any picture. ``known``: masks of this one accepted by then, while there is a
    ``candidate`` or a mask ``touched``: whether that has been accepted since shows in those that came. ``left``: the
    workspace of another picture with such work, which nobody has gone on with yet, and in it that of one left before.
    """

    file: str | None = None
    sha256: str | None = None
    plane: tuple[int, ...] = ()
    view: tuple[float, ...] = ()
    selected: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    candidate: dict[str, Any] | None = None
    touched: dict[str, Any] | None = None
    known: tuple[str, ...] = ()
    left: dict[str, Any] | None = None

    @property
    def unfinished(self) -> bool:
        """Whether a mask was being made or painted."""
        return self.candidate is not None or self.touched is not None

    def belongs_to(self, picture: Picture | None) -> bool:
        """Whether this picture is the one that was open."""
        return picture is not None and (picture.sha256, picture.plane) == (self.sha256, self.plane)

    @classmethod
    def read(cls, path: Path) -> "Workspace":
        """What was kept in a file; an empty one when nothing was, or when it cannot be read."""
        try:
            plain = json.loads(path.read_bytes())
        except (OSError, ValueError):
            return cls()
        return cls.of(plain if isinstance(plain, dict) else {})

    @classmethod
    def of(cls, given: dict[str, Any]) -> "Workspace":
        """From plain JSON values; what this program does not write is left out."""
        return cls(**{name: value for name in _TYPES if (value := _of_kind(name, given.get(name))) is not None})

    def write(self, path: Path) -> None:
        """Keep it, complete or not at all."""
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, json.dumps(asdict(self)).encode(), synced=False)


_TEXTS = ("selected", "hidden", "locked", "known")
_TYPES: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("file", "sha256"), str),
    **dict.fromkeys(_TEXTS, str),
    "plane": int,
    "view": (int, float),
    **dict.fromkeys(("candidate", "touched", "left"), dict),
}
"""Of a field, or of the items of a field that is a list."""


def _of_kind(name: str, value: Any) -> Any:
    """A field as this program writes it, None for anything else."""
    if name in ("file", "sha256", "candidate", "touched", "left"):
        return value if isinstance(value, _TYPES[name]) else None
    fits = isinstance(value, list) and all(isinstance(item, _TYPES[name]) for item in value)
    return tuple(value) if fits else None


def taken(session: AnnotationSession, editing: MaskEditing, touch: TouchUp, view: tuple[float, ...]) -> Workspace:
    """The workspace as it is now."""
    picture = session.picture
    if picture is None:
        return Workspace()
    candidate, touched = _plain(session.candidate, session.choice), touch.kept()
    return Workspace(
        file=None if picture.path is None else str(picture.path),
        sha256=picture.sha256,
        plane=picture.plane,
        view=view,
        selected=tuple(editing.selected),
        hidden=tuple(sorted(editing.hidden)),
        locked=tuple(sorted(editing.locked)),
        candidate=candidate,
        touched=touched,
        known=() if candidate is touched is None else tuple(mask.id for mask in session.accepted),
    )


def resumed(workspace: Workspace, session: AnnotationSession, editing: MaskEditing, touch: TouchUp) -> bool:
    """Put back the marks, and what belongs to the picture that is open; whether it is the one left."""
    editing.mark(workspace.hidden, hidden=True)
    editing.mark(workspace.locked, locked=True)
    if not workspace.belongs_to(session.picture):
        return False
    known = {mask.id for mask in session.accepted}
    editing.select([id for id in workspace.selected if id in known])
    go_on(workspace, session, touch)
    return True


def go_on(workspace: Workspace, session: AnnotationSession, touch: TouchUp) -> None:
    """With the mask being made and the one being painted, unless they were accepted before the window could say so."""
    with suppress(BadInput, KeyError, TypeError, ValueError, AttributeError):  # not what this program writes
        _go_on(workspace, session, touch)


def _go_on(workspace: Workspace, session: AnnotationSession, touch: TouchUp) -> None:
    candidate, choice = Candidate(), session.choice
    if workspace.candidate is not None and session.picture is not None:
        candidate, choice = _candidate(workspace.candidate, session.picture.size)
    accepted = _accepted_since(candidate, workspace, session)
    if not accepted:
        session.bring_back(candidate, choice)
    if workspace.touched is not None and not (accepted and workspace.touched["target"] is None):
        touch.resume(workspace.touched)


def _accepted_since(candidate: Candidate, workspace: Workspace, session: AnnotationSession) -> bool:
    """Whether a mask came that was made of the same hints, or, without any, drawn."""
    new = [mask for mask in session.accepted if mask.id not in workspace.known]
    if candidate.empty:
        new = [mask for mask in new if mask.edits]
    made = (session.ledger.accepted_from(mask.id)[0] for mask in new)
    return any(_asked(other) == _asked(candidate) for other in made)


def _asked(candidate: Candidate) -> Prompt | None:
    return None if candidate.empty else candidate.prompt


def _plain(candidate: Candidate, choice: LabelChoice) -> dict[str, Any] | None:
    if candidate.empty or candidate.ladder is None:
        return None
    return {
        "prompt": candidate.prompt.to_json(),
        "ladder": candidate.ladder.to_json(),
        "rung": candidate.rung,
        "effort": candidate.effort,
        "choice": asdict(choice),
    }


def _candidate(plain: dict[str, Any], size: tuple[int, int]) -> tuple[Candidate, LabelChoice]:
    prompt, ladder = Prompt.from_json(plain["prompt"]), Ladder.from_json(plain["ladder"])
    prompt.check_inside(*size)
    if any(proposal.mask.shape != size for proposal in ladder):
        raise BadInput("the masks kept are of another size")
    return Candidate.of(prompt, ladder, int(plain["effort"])).at(int(plain["rung"])), LabelChoice(**plain["choice"])
