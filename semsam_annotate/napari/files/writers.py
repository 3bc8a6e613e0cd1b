"""Saving labels layers as COCO instances or part JSON, with the image that they lie on."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari.utils.notifications import show_info

from semsam_annotate.annotations import ExportReport
from semsam_annotate.annotations.exports import write_export
from semsam_annotate.api import BadInput, SemsamError
from semsam_annotate.napari.files.picture_layers import LayerData
from semsam_annotate.napari.files.saved_image import SavedImage, image_of_labels, image_of_layer
from semsam_annotate.napari.files.saved_labels import masks_of, not_carried
from semsam_annotate.napari.state.drawn import beside_each_other, drawn_records


class NotWritten(SemsamError, RuntimeError):
    """Layers cannot be saved. No ValueError: napari takes that for "there is no writer" and hides the line."""


def write_coco(path: str, data: Any, meta: Mapping[str, Any]) -> list[str]:
    """Save one labels layer as COCO instances; the file written."""
    return write_coco_layers(path, [(data, dict(meta), "labels")])


def write_parts(path: str, data: Any, meta: Mapping[str, Any]) -> list[str]:
    """Save one labels layer as part JSON; the file written."""
    return write_parts_layers(path, [(data, dict(meta), "labels")])


def write_coco_layers(path: str, layers: Sequence[LayerData]) -> list[str]:
    """Save labels layers of one picture, and the image layer if there is one, as COCO; the files written."""
    return _told(lambda: _write("coco", _named(path), layers))


def write_parts_layers(path: str, layers: Sequence[LayerData]) -> list[str]:
    """Save labels layers of one picture, and the image layer if there is one, as part JSON; the files written."""
    return _told(lambda: _write("parts", _named(path), layers))


def _named(path: str) -> Path:
    """With an ending, which a person may have left out, so that the file opens again."""
    return Path(path) if Path(path).suffix else Path(f"{path}.json")


def _told(write: Callable[[], list[str]]) -> list[str]:
    try:
        return write()
    except (SemsamError, OSError) as error:
        raise NotWritten(str(error)) from error


def _write(format: str, path: Path, layers: Sequence[LayerData]) -> list[str]:
    labels = [(data, meta) for data, meta, kind in layers if kind == "labels"]
    masks = beside_each_other([masks_of(data, meta) for data, meta in labels])
    if not masks:
        raise BadInput("there are no masks to save: the labels layer is empty")
    image = _image(path, layers, masks[0].rle["size"])
    records = drawn_records(image.ref, masks)
    report = write_export(format, path, [image.ref], records, {})
    written = [str(path), *image.write()]
    show_info(_line(report, written, sorted({note for _, meta in labels for note in not_carried(meta)})))
    return written


def _image(path: Path, layers: Sequence[LayerData], size: Sequence[int]) -> SavedImage:
    shown = next(((data, meta) for data, meta, kind in layers if kind == "image"), None)
    if shown is not None:
        return image_of_layer(*shown, path)
    height, width = size
    metas = [meta for _, meta, _ in layers]
    return image_of_labels(metas, (height, width), path)


def _line(report: ExportReport, written: Sequence[str], notes: Sequence[str]) -> str:
    """What was written, and what the file cannot hold."""
    beside = "".join(f"; {Path(name).name} beside it, 8 bits a channel" for name in written[1:])
    return report.line() + beside + (f"; not carried: {', '.join(notes)}" if notes else "")
