"""Masks from a labels layer that somebody drew or another plugin made."""

from collections.abc import Collection
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels
from numpy.typing import NDArray

from semsam_annotate.api import BadInput, Mask
from semsam_annotate.napari.canvas.geometry import lies_on, plane_of
from semsam_annotate.napari.canvas.levels import level_data, level_plane, level_shape, level_size, levels
from semsam_annotate.napari.state.drawn import DrawnMask, Table, drawn_masks


def chosen_mask(viewer: ViewerModel, image: Image, ours: Collection[object]) -> Mask:
    """(H, W) bool: the chosen label of ``chosen_labels``. Raises BadInput as that and ``shown_labels`` do."""
    layer = chosen_labels(viewer, ours)
    return np.asarray(shown_labels(layer, image, viewer) == layer.selected_label, dtype=bool)


def all_masks(viewer: ViewerModel, image: Image, ours: Collection[object]) -> list[DrawnMask]:
    """Every label of ``chosen_labels`` on the plane on screen, with the names in its table.

    Raises BadInput as ``chosen_labels`` and ``shown_labels`` do, and when no label is drawn.
    """
    layer = chosen_labels(viewer, ours)
    masks = drawn_masks(shown_labels(layer, image, viewer), table_of(layer.features), layer.name)
    if not masks:
        raise BadInput(f"{layer.name} is empty: draw in it first")
    return masks


def chosen_labels(viewer: ViewerModel, ours: Collection[object]) -> Labels:
    """The active labels layer, or the topmost one that is not ``ours``; BadInput when there is none."""
    foreign = [layer for layer in viewer.layers if isinstance(layer, Labels) and layer not in ours]
    if not foreign:
        raise BadInput("there is no other labels layer to paste from: draw in one, or open one")
    active = viewer.layers.selection.active
    return active if active in foreign else foreign[-1]


def shown_labels(layer: Labels, image: Image, viewer: ViewerModel) -> NDArray[Any]:
    """(H, W) whole numbers of the layer's plane on screen, at the level that is as large as what is annotated.

    BadInput when there is none, or when it does not lie on the image's pixels.
    """
    size = level_size(image)
    level = next((level for level in levels(layer) if level_shape(layer, level)[-2:] == size), None)
    if level is None:
        height, width = level_shape(layer, 0)[-2:]
        raise BadInput(f"{layer.name} is {width}x{height} pixels, the image {size[1]}x{size[0]}")
    if not lies_on(layer, image, level):
        raise BadInput(f"{layer.name} lies elsewhere than the image: give both the same scale, rotation and place")
    plane = level_plane(layer, plane_of(layer, viewer.dims.point), level)
    return np.asarray(level_data(layer, level)[plane])


def table_of(features: Any) -> Table:
    """Columns of a layer's ``features``, a pandas table or a mapping of columns."""
    columns: Table = features.to_dict("list") if hasattr(features, "to_dict") else dict(features)
    return columns
