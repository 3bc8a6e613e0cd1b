"""A mask from a labels layer that somebody drew or another plugin made."""

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels

from semsam_annotate.api import BadInput, Mask
from semsam_annotate.napari.canvas.geometry import image_shape, plane_of


def chosen_mask(viewer: ViewerModel, image: Image, ours: tuple[object, ...]) -> Mask:
    """(H, W) bool: the chosen label of the active labels layer, or of the topmost one that is not ``ours``.

    Raises BadInput when there is none, or when it does not lie on the image's pixels.
    """
    foreign = [layer for layer in viewer.layers if isinstance(layer, Labels) and layer not in ours]
    if not foreign:
        raise BadInput("there is no other labels layer to paste from: draw in one, or open one")
    active = viewer.layers.selection.active
    layer = active if active in foreign else foreign[-1]
    size = image_shape(image)[-2:]
    data = layer.data[0] if layer.multiscale else layer.data
    plane = np.asarray(data[plane_of(layer, viewer.dims.point)])
    if plane.shape != size:
        raise BadInput(f"{layer.name} is {plane.shape[1]}x{plane.shape[0]} pixels, the image {size[1]}x{size[0]}")
    return np.asarray(plane == layer.selected_label, dtype=bool)
