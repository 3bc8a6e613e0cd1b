"""Layers that show effects: right above the image they were made from, seen as long as it is."""

from collections.abc import Sequence
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Layer

from semsam_annotate.napari.canvas.geometry import placed_on
from semsam_annotate.napari.state.effect_chain import EffectStep
from semsam_annotate.napari.state.effect_choice import Patch
from semsam_annotate.napari.state.picture import Picture

EFFECT_KEY = "semsam_effect_of"
"""Key of ``layer.metadata`` that holds the sha256 of the picture and the ``unique_id`` of the image layer."""

CHAIN_KEY = "semsam_effect_chain"
"""Key of ``layer.metadata`` that holds the steps from the image to this layer, as plain JSON values, for ``redone``."""


def is_effect(layer: Layer) -> bool:
    """Whether a layer was made by an effect."""
    return EFFECT_KEY in layer.metadata


def chain_of(layer: Layer) -> tuple[EffectStep, ...]:
    """Steps from the image to an effect; BadInput when somebody changed them into something else."""
    return tuple(EffectStep.from_json(step) for step in layer.metadata[CHAIN_KEY])


class EffectLayers:
    """The effects in a viewer, newer ones on top. Adding one activates nothing: the image stays the one annotated."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._hidden: list[Layer] = []

    def of(self, picture: Picture | None) -> list[Layer]:
        """The effects made from a picture, the newest last."""
        key = None if picture is None else picture.sha256
        return [layer for layer in self._viewer.layers if is_effect(layer) and layer.metadata[EFFECT_KEY][0] == key]

    def sources(self, picture: Picture | None) -> list[Layer]:
        """The effects of a picture that another one can start from, the newest last."""
        return [layer for layer in self.of(picture) if chain_of(layer)[-1].choice.changes_picture]

    def lay(self, image: Image, picture: Picture, patch: Patch, name: str, steps: Sequence[EffectStep]) -> Image:
        """Add what ``steps`` made of a picture as a layer that lies exactly on its pixels of ``image``."""
        (rows, columns), pixels = patch
        layer = Image(
            pixels.reshape((1,) * len(picture.plane) + pixels.shape),
            rgb=True,
            name=name,
            metadata={
                EFFECT_KEY: (picture.sha256, image.unique_id),
                CHAIN_KEY: [step.to_json() for step in steps],
            },
            interpolation2d=image.interpolation2d,
            **placed_on(image, picture.plane, (rows.start, columns.start)),
        )
        below = (self.of(picture) or [image])[-1]
        _insert_unselected(self._viewer, self._viewer.layers.index(below) + 1, layer)
        return layer

    def take_away(self, picture: Picture | None) -> None:
        """Remove the newest effect of a picture, if there is one."""
        for layer in self.of(picture)[-1:]:
            self._viewer.layers.remove(layer)

    def follow(self, picture: Picture | None, image: Image | None) -> None:
        """Hide effects whose picture left the viewer for another one, and show them when it is back.

        ``image``: the layer that shows ``picture``; of files it shows one after the other.
        """
        if picture is None:
            return
        here = {layer.unique_id for layer in self._viewer.layers}
        if image is not None and picture.path is not None:
            here.discard(image.unique_id)
        back = self.of(picture)
        for layer in [layer for layer in self._viewer.layers if is_effect(layer)]:
            if layer in back and layer in self._hidden:
                layer.visible = True
                self._hidden.remove(layer)
            elif layer not in back and layer.visible and layer.metadata[EFFECT_KEY][1] not in here:
                layer.visible = False
                self._hidden.append(layer)


def _insert_unselected(viewer: ViewerModel, place: int, layer: Any) -> None:
    """Insert a layer; what was selected stays selected, and nobody hears of anything else."""
    selection = viewer.layers.selection
    before, active = set(selection), selection.active
    with selection.events.active.blocker():
        viewer.layers.insert(place, layer)
        if active is not None:
            selection.active = active
        else:
            selection.clear()
            selection.update(before)
