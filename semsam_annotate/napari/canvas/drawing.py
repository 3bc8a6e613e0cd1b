"""What a session and its editing show, drawn into the layers."""

from semsam_annotate.napari.canvas.layers import AnnotationLayers
from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.state.connections import Connections
from semsam_annotate.napari.state.editing import MaskEditing
from semsam_annotate.napari.state.hover import Hover
from semsam_annotate.napari.state.session import AnnotationSession


class Drawing:
    """Redraws what changes, until ``release``."""

    def __init__(
        self, session: AnnotationSession, editing: MaskEditing, hover: Hover, layers: AnnotationLayers
    ) -> None:
        self._session, self._editing, self._hover, self._layers = session, editing, hover, layers
        self._connections = Connections(
            [
                (session.candidate_changed, self._draw_candidate),
                (session.accepted_changed, self._draw_accepted),
                (editing.marks_changed, self._draw_accepted),
                (editing.selection_changed, self._draw_selected),
                (hover.changed, self._draw_made),
            ]
        )

    def release(self) -> None:
        """Draw no more."""
        self._connections.release()

    def _draw_candidate(self, candidate: Candidate) -> None:
        self._draw_made()
        self._layers.show_prompt(candidate)

    def _draw_made(self, _: object = None) -> None:
        self._layers.show_candidate(self._session.candidate, self._editing.selection, self._hover.proposal)

    def _draw_accepted(self, _: object = None) -> None:
        self._layers.show_accepted(self._session.accepted, self._editing.hidden)
        self._draw_selected()

    def _draw_selected(self, _: object = None) -> None:
        masks, ledger = self._session.accepted, self._session.ledger
        colours = [ledger.colour(mask.object, mask.part) for mask in masks]
        self._layers.colour_accepted(colours, [mask.id in self._editing.selected for mask in masks])
        self._draw_made()
