"""The four layers the plugin draws in: candidate, accepted masks, clicks and box, all lying on the image's plane."""

from collections.abc import Collection, Sequence
from typing import Any, cast

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Points, Shapes
from numpy.typing import NDArray

from semsam_annotate.api import Mask, Proposal
from semsam_annotate.napari.canvas.accepted_pixels import AcceptedPixels
from semsam_annotate.napari.canvas.accepted_values import LabelValues
from semsam_annotate.napari.canvas.candidate_values import SELECTED, SHOWN, WIDER, draw_idle, draw_rungs
from semsam_annotate.napari.canvas.colours import (
    BLUE,
    ORANGE,
    WHITE,
    candidate_colours,
    sign_colour,
)
from semsam_annotate.napari.canvas.geometry import place, plane_placed, to_rows_columns
from semsam_annotate.napari.canvas.levels import level_size
from semsam_annotate.napari.state.accepted import AcceptedMask, Window
from semsam_annotate.napari.state.candidate import Candidate
from semsam_annotate.napari.state.label_planes import mask_table

VIEW_KEY = "semsam_view"
"""Key of ``metadata`` of the accepted layer: parts hide what is under them, so it must not be saved as the masks."""

CANDIDATE, ACCEPTED, CLICKS, BOX = "candidate", "accepted masks", "clicks", "box and strokes"


class AnnotationLayers:
    """Owns the layers that show a session on one image layer; they are views, the store is the truth."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._drawn: Window | None = None
        self._shown: tuple[object, ...] = ()
        self._hints: tuple[object, ...] = ()
        self._values, self._pixels = LabelValues(), AcceptedPixels()
        self._table: dict[str, list[Any]] = {}
        self._made: list[Layer] = []
        self._image: Image | None = None
        self.candidate: Labels | None = None
        self.accepted: Labels | None = None
        self.clicks: Points | None = None
        self.box: Shapes | None = None

    @property
    def all(self) -> list[Layer]:
        """The layers that are in the viewer now."""
        return [layer for layer in self._made if layer in self._viewer.layers]

    def owns(self, layer: Layer) -> bool:
        """Whether it is one of these layers, also while it is being added."""
        return any(layer is made for made in self._made)

    def lie_on(self, image: Image) -> None:
        """Lay the layers, empty, on an image layer: same plane, scale, rotation, translation.

        Layers that are there are used again: removing and adding them takes napari most of a second.
        """
        size = level_size(image)
        if len(self.all) == len(self._made) > 0:
            self._clear(size)
            self.follow(image)
            self._raise()
        else:
            self.remove()
            self._forget()
            self._make(size, plane_placed(image), image)
        self._image = image

    def put_back(self) -> bool:
        """Lay them, empty, on the same image layer again if somebody took one out; whether that was so."""
        image, active = self._image, self._viewer.layers.selection.active
        if image is None or image not in self._viewer.layers or len(self.all) == len(self._made):
            return False
        self._viewer.layers.selection.active = image  # or what comes out makes another layer the active one
        self.lie_on(image)
        self._viewer.layers.selection.active = active if active in self._viewer.layers else image
        return True

    def follow(self, image: Image) -> None:
        """Lay the layers, as they are, where an image layer lies now."""
        placed = plane_placed(image)
        for layer in self._made:
            place(layer, placed)

    def _forget(self) -> None:
        """Nothing that was shown is there."""
        self._drawn, self._shown, self._hints, self._table = None, (), (), {}
        self._values.forget()
        self._pixels.forget()

    def _raise(self) -> None:
        """To the top of all layers."""
        places = [self._viewer.layers.index(layer) for layer in self._made]
        if places != list(range(len(self._viewer.layers) - len(places), len(self._viewer.layers))):
            self._viewer.layers.move_multiple(places, len(self._viewer.layers))

    def _clear(self, size: tuple[int, int]) -> None:
        assert self.accepted is not None
        assert self.candidate is not None
        self._drawn, self._shown = None, ()
        if self.candidate.data.shape != size or np.any(self.candidate.data):
            self.candidate.data = np.zeros(size, np.uint8)
        if self.accepted.data.shape != size:
            self.accepted.data = np.zeros(size, np.int32)
            self._pixels.forget()
        self.show_prompt(Candidate())

    def _make(self, size: tuple[int, int], placed: dict[str, Any], image: Image) -> None:
        self.accepted = Labels(
            np.zeros(size, np.int32), name=ACCEPTED, opacity=0.9, metadata={VIEW_KEY: True}, **placed
        )
        self.accepted.events.paint.connect(self._pixels.doubt)
        self.accepted.contour = 2  # outlines: the image and the mask being made stay visible
        self.candidate = Labels(
            np.zeros(size, np.uint8),
            name=CANDIDATE,
            opacity=0.6,
            colormap=candidate_colours({SHOWN: ORANGE, WIDER: WHITE, SELECTED: BLUE}),
            **placed,
        )
        self.box = Shapes(ndim=2, name=BOX, face_color="transparent", edge_color="#ffd24d", edge_width=2, **placed)
        self.clicks = Points(ndim=2, name=CLICKS, size=9, border_color="white", border_width=0.15, **placed)
        self._made = [self.accepted, self.candidate, self.box, self.clicks]
        active = self._viewer.layers.selection.active
        for layer in self._made:
            self._viewer.add_layer(layer)
            layer.mode = "pan_zoom"
        self._viewer.layers.selection.active = active if active in self._viewer.layers else image

    def remove(self) -> None:
        """Take the layers out of the viewer."""
        for layer in self.all:
            self._viewer.layers.remove(layer)
        self._made = []
        self._image = None
        self.candidate = self.accepted = self.clicks = self.box = None

    def show_candidate(
        self, candidate: Candidate, selected: Sequence[AcceptedMask] = (), likely: Proposal | None = None
    ) -> None:
        """Draw the rung shown or, without one, selected masks and the outline of the ``likely`` one.

        In place: only the rectangle that changes is written.
        """
        shown = candidate.ladder, candidate.rung, candidate.touched, likely, *(mask.id for mask in selected)
        if self.candidate is None or _same(shown, self._shown):  # every refresh takes napari as long as a frame
            return
        self._shown = shown
        data, before = cast("NDArray[np.uint8]", self.candidate.data), self._drawn
        if before is not None:
            data[before] = 0
        if candidate.ladder is not None:
            self._drawn = draw_rungs(data, candidate)
        else:
            self._drawn = draw_idle(data, selected, likely)
        if before is not None or self._drawn is not None:
            self.candidate.refresh(extent=False, thumbnail=False, highlight=False)

    def show_prompt(self, candidate: Candidate) -> None:
        """Show the clicks and strokes, green belongs and red does not, and the box."""
        hints = candidate.clicks, candidate.box, candidate.strokes
        if self.clicks is None or self.box is None or hints == self._hints:
            return
        self._hints = hints
        clicks = candidate.clicks
        if len(self.clicks.data) or clicks:
            with self.clicks.events.blocker_all():  # each would be drawn for itself
                self.clicks.data = to_rows_columns([click.point for click in clicks])
                if clicks:
                    self.clicks.face_color = [sign_colour(click.positive) for click in clicks]
                self.clicks.selected_data = set()
            self.clicks.refresh(extent=False, thumbnail=False, highlight=False)
        if self.box.data:
            self.box.data = []
        if candidate.box is not None:
            x0, y0, x1, y1 = (edge - 0.5 for edge in candidate.box)
            self.box.add_rectangles(np.array([[y0, x0], [y0, x1], [y1, x1], [y1, x0]]))
        for stroke in candidate.strokes:
            path = to_rows_columns([*stroke.points, stroke.points[-1]])  # a path of one point cannot be drawn
            self.box.add_paths(path, edge_color=sign_colour(bool(stroke.label)), edge_width=3)

    def show_accepted(
        self,
        masks: Sequence[AcceptedMask],
        colours: Sequence[str | None],
        selected: Collection[str] = (),
        hidden: Collection[str] = (),
    ) -> None:
        """Show accepted masks, large ones first so that parts lie on their objects; one label value per mask.

        ``colours``: of each, "#rrggbb" or None for one of its own; faint beside selected ones. ``selected``,
        ``hidden``: ids of masks. Only pixels that change are written, unless the colour map changes.
        """
        if self.accepted is None:
            return
        values = self._values.of(colours)
        by_id = {mask.id: value for mask, value in zip(masks, values, strict=True)}
        table = mask_table(dict(zip(values, masks, strict=True)), by_id)
        if table != self._table:
            self._table = table
            self.accepted.features = table
        colour_map = self._values.new_map(values, [mask.id in selected for mask in masks])
        self._pixels.show(self.accepted, masks, values, hidden, colour_map)


def _same(first: tuple[object, ...], second: tuple[object, ...]) -> bool:
    """Whether the same things are shown; ladders and masks are compared as objects, not pixel by pixel."""
    plain = int | str
    pairs = zip(first, second, strict=False)
    return len(first) == len(second) and all(a is b or (isinstance(a, plain) and a == b) for a, b in pairs)


def drawn_mask(layer: Labels) -> Mask:
    """(H, W) bool of the candidate drawn in a candidate layer."""
    return np.asarray(np.asarray(layer.data) == SHOWN, dtype=bool)
