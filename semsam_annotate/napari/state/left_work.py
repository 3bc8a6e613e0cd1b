"""A mask that somebody was making in a picture that did not open again with the window: kept until it does."""

from dataclasses import asdict, replace

from semsam_annotate.napari.state.session import AnnotationSession
from semsam_annotate.napari.state.touch_up import TouchUp
from semsam_annotate.napari.state.workspace import Workspace, go_on


class LeftWork:
    """Goes on with it when its picture is open and its masks are there."""

    def __init__(self, session: AnnotationSession, touch: TouchUp) -> None:
        self._session, self._touch = session, touch
        self._left: Workspace | None = None
        session.accepted_changed.connect(self._go_on)

    def keep(self, workspace: Workspace, resumed: bool) -> None:
        """Keep what is unfinished of a workspace; ``resumed``: what it holds of the picture shown then is not."""
        earlier = None if workspace.left is None else Workspace.of(workspace.left)
        self._left = workspace if workspace.unfinished and not resumed else earlier

    def beside(self, workspace: Workspace) -> Workspace:
        """The workspace of now, with what is kept."""
        return replace(workspace, left=None if self._left is None else asdict(replace(self._left, left=None)))

    def _go_on(self, _: object) -> None:
        left = self._left
        if left is not None and left.belongs_to(self._session.picture):
            self._left = None
            go_on(left, self._session, self._touch)
            self._session.told.emit("the mask that you had begun here is back")
