"""What files with images, annotations and categories have in common."""

from pathlib import Path
from typing import Any

from semsam_annotate.annotations.formats.scene import Frame
from semsam_annotate.annotations.json_file import write_json

Row = dict[str, Any]


def image_row(frame: Frame) -> Row:
    """Id, file and size of an image."""
    return {"id": frame.id, "file_name": frame.name, "width": frame.ref.width, "height": frame.ref.height}


def write_content(path: Path, images: list[Row], annotations: list[Row], categories: list[Row]) -> None:
    """The file, complete or not at all."""
    info = {"description": "semsam-annotate"}
    write_json(
        path,
        {"info": info, "licenses": [], "images": images, "annotations": annotations, "categories": categories},
    )
