"""Masks that somebody was making in pictures that did not open again with the window: kept until they do."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from semsam_annotate.napari.state.session import AnnotationSession
from semsam_annotate.napari.state.touch_up import TouchUp
from semsam_annotate.napari.state.workspace import Workspace, go_on


class LeftWork:
    """Goes on with one when its picture is open and its masks are there."""

    def __init__(self, session: AnnotationSession, touch: TouchUp) -> None:
        self._session, self._touch = session, touch
        self._left: list[Workspace] = []
        session.accepted_changed.connect(self._go_on)

    def keep(self, workspace: Workspace, resumed: bool) -> None:
        """Keep what is unfinished of a workspace; ``resumed``: what it holds of the picture shown then is not."""
        self._left = [*([workspace] if workspace.unfinished and not resumed else []), *_earlier(workspace)]
        self._go_on()  # what was left longer ago may be of the picture that is open by now

    def beside(self, workspace: Workspace) -> Workspace:
        """The workspace of now, with what is kept, the newest outermost."""
        left: dict[str, Any] | None = None
        for one in reversed(self._left):
            left = asdict(replace(one, left=left))
        return replace(workspace, left=left)

    def _go_on(self, _: object = None) -> None:
        here = [left for left in self._left if left.belongs_to(self._session.picture)]
        if here:
            self._left = [left for left in self._left if left not in here]
            go_on(here[0], self._session, self._touch)
            self._session.told.emit("the mask that you had begun here is back")


def _earlier(workspace: Workspace) -> Iterator[Workspace]:
    while workspace.left is not None:
        workspace = Workspace.of(workspace.left)
        yield workspace
