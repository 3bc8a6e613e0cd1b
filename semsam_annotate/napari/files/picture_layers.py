"""A picture and its masks as layers of napari."""

from collections.abc import Sequence
from dataclasses import dataclass
from os.path import abspath
from pathlib import Path
from typing import Any, TypeAlias

from semsam_annotate.annotations import read_image
from semsam_annotate.api import RgbImage
from semsam_annotate.napari.canvas.picture_source import FILE_KEY
from semsam_annotate.napari.state.accepted import AcceptedMask
from semsam_annotate.napari.state.label_planes import label_planes, mask_table, number_of

LayerData: TypeAlias = tuple[Any, dict[str, Any], str]
"""Data, arguments and kind of a layer, as readers give them to napari."""

MASKS_KEY = "semsam_masks_of"
"""Key of a labels layer's ``metadata`` that holds the path of the image file that its masks lie on."""

MOST_IMAGES = 8
"""Opened at once: each is a group of layers, and napari shows them over each other."""


@dataclass(frozen=True, eq=False)
class OpenedPicture:
    """``path``: of its image file, None when it was not found. ``size``: (height, width) of its masks."""

    name: str
    size: tuple[int, int]
    masks: Sequence[AcceptedMask]
    path: Path | None


def all_layers(pictures: Sequence[OpenedPicture]) -> tuple[list[LayerData], int]:
    """Layers of pictures, those of the first visible; and how many masks found no place in a layer."""
    layers: list[LayerData] = []
    left = 0
    for number, picture in enumerate(pictures):
        rgb = None if picture.path is None else read_image(picture.path)
        made, over = picture_layers(picture, rgb)
        for _, facts, _ in made:
            facts["visible"] = number == 0
        layers += made
        left += over
    return layers, left


def picture_layers(picture: OpenedPicture, rgb: RgbImage | None) -> tuple[list[LayerData], int]:
    """The image, (H, W, 3) uint8 if there is one, below labels layers of its masks; and how many found no place."""
    file = None if picture.path is None else abspath(picture.path)
    image = {"name": picture.name, "rgb": True, "metadata": {} if file is None else {FILE_KEY: file}}
    planes, left = label_planes(picture.masks, picture.size)
    numbers = number_of(picture.masks)
    labels: list[LayerData] = [
        (
            plane.labels,
            {
                "name": f"{picture.name} {plane.name}",
                "features": mask_table(plane.masks, numbers),
                "metadata": {} if file is None else {MASKS_KEY: file},
            },
            "labels",
        )
        for plane in planes
    ]
    return [*([] if rgb is None else [(rgb, image, "image")]), *labels], left
