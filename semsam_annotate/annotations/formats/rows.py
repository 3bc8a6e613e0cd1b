"""What files with images, annotations and categories have in common."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.formats.scene import Head
from semsam_annotate.annotations.json_file import write_json_rows
from semsam_annotate.annotations.record import Annotation

Row = dict[str, Any]
ID = "semsam_id"
"""Of a row whose own id is a number: the record's, by which it is known where it comes back. Others pass it over."""


def image_row(head: Head) -> Row:
    """Id, file and size of an image."""
    return {"id": head.id, "file_name": head.name, "width": head.ref.width, "height": head.ref.height}


def segmentation(record: Annotation) -> Row:
    """COCO's compressed run lengths."""
    return {"size": list(record.mask["size"]), "counts": record.mask["counts"]}


def write_content(
    path: Path,
    annotations: Iterator[Row],
    images: Iterator[Row],
    categories: Iterator[Row],
    says: str = "semsam-annotate",
) -> None:
    """The file, complete or not at all. Rows are drawn in this order, so that what follows may know the masks."""
    members = [("annotations", annotations), ("images", images), ("categories", categories)]
    write_json_rows(path, [("info", {"description": says}), ("licenses", []), *members])
