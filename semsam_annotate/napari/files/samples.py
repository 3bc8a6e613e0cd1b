"""Photos to try the plugin on; they come with scikit-image, so no network is needed."""

from pathlib import Path
from typing import Any

from semsam_annotate.annotations.coco_read import CocoFile, parsed
from semsam_annotate.napari.files.picture_layers import LayerData, OpenedPicture, picture_layers
from semsam_annotate.napari.state.accepted import AcceptedMask

MASKS = Path(__file__).with_name("astronaut.json")
"""COCO instances with objects, parts and parts of parts, drawn by hand."""


def astronaut() -> list[LayerData]:
    """One colour photo, 512 x 512, as npe2 layer data."""
    return [(_photo(), {"name": "astronaut", "rgb": True}, "image")]


def astronaut_with_masks() -> list[LayerData]:
    """The same photo below labels layers of its objects, their parts and the parts of these."""
    data, photo = MASKS.read_bytes(), _photo()
    content = CocoFile(MASKS, data, parsed(MASKS, data)).glance(MASKS.parent, lambda name: None, 1)
    masks = [AcceptedMask.of(record) for record in content.records]
    layers, _ = picture_layers(OpenedPicture("astronaut", photo.shape[:2], masks, None), photo)
    return layers


def _photo() -> Any:
    from skimage import data

    return data.astronaut()  # type: ignore[no-untyped-call]
