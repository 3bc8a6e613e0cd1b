"""What a session and its editing show, drawn into the layers."""

from collections.abc import Callable

from semsam_annotate.napari.canvas.layers import AnnotationLayers
from semsam_annotate.napari.state.connections import Connections
from semsam_annotate.napari.state.editing import MaskEditing
from semsam_annotate.napari.state.hover import Hover
from semsam_annotate.napari.state.session import AnnotationSession

Later = Callable[[Callable[[], None]], None]


class Drawing:
    """Redraws what changes, until ``release``.

    ``later``: runs an action after a moment. A frame takes the processor from the engine, so what is shown stays until
    the answer comes, or until that moment has passed.
    """

    def __init__(
        self,
        session: AnnotationSession,
        editing: MaskEditing,
        hover: Hover,
        layers: AnnotationLayers,
        later: Later | None = None,
    ) -> None:
        self._session, self._editing, self._hover, self._layers = session, editing, hover, layers
        self._later = later or _at_once
        self._connections = Connections(
            [
                (session.candidate_changed, self._draw_soon),
                (session.accepted_changed, self._draw_accepted),
                (editing.marks_changed, self._draw_accepted),
                (editing.selection_changed, self._draw_accepted),
                (hover.changed, self._draw_soon),
            ]
        )

    def release(self) -> None:
        """Draw no more."""
        self._connections.release()

    def _draw_soon(self, _: object) -> None:
        (self._later if self._session.waiting else _at_once)(self._draw_shown)

    def _draw_shown(self) -> None:
        if self._layers.put_back():
            self._draw_accepted()
        self._draw_made()
        self._layers.show_prompt(self._session.candidate)

    def _draw_made(self) -> None:
        self._layers.show_candidate(self._session.candidate, self._editing.selection, self._hover.proposal)

    def _draw_accepted(self, _: object = None) -> None:
        self._layers.put_back()
        masks, ledger = self._session.accepted, self._session.ledger
        colours = [ledger.colour(mask.object, mask.part) for mask in masks]
        self._layers.show_accepted(masks, colours, frozenset(self._editing.selected), self._editing.hidden)
        self._draw_made()


def _at_once(action: Callable[[], None]) -> None:
    action()
