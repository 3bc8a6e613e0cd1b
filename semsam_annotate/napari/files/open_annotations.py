"""A form that opens COCO or part JSON whose images lie in another folder."""

from pathlib import Path
from typing import Annotated

from napari.types import LayerDataTuple

from semsam_annotate.napari.files.json_reader import open_json


def open_annotations(
    file: Annotated[Path, {"label": "COCO or part JSON", "filter": "*.json"}],
    images: Annotated[Path, {"label": "Folder of images", "mode": "d"}],
) -> list[LayerDataTuple]:
    """Layers of a file of masks over the images in a folder; BadInput, one line that napari shows, when that fails."""
    return [LayerDataTuple(layer) for layer in open_json(file, images)]
