"""Writing what was annotated in Label Studio: COCO, part JSON, or a folder of masks."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from semsam_annotate.annotations.exports import FORMATS, ExportReport, write_export
from semsam_annotate.annotations.files import write_atomically
from semsam_annotate.annotations.images import image_sha256, read_image
from semsam_annotate.annotations.json_file import write_json
from semsam_annotate.annotations.record import Annotation, ImageRef
from semsam_annotate.api import BadInput, Vocabulary, decode_rle
from semsam_annotate.backend.label_studio.admin.exported import Exported

MASKS = "masks"


def with_images(found: Exported, folder: Path, fetch: Callable[[str], bytes]) -> list[Annotation]:
    """The records, their images fetched by address into ``folder`` and known by their pixels.

    BadInput when one cannot be had, is not of the size of its masks, or would replace another file.
    """
    refs: dict[str, ImageRef] = {}
    for record in found.records:
        image = record.image
        if image.sha256 not in refs:
            body = fetch(found.addresses[image.sha256])
            rgb = read_image(body)
            if rgb.shape[:2] != (image.height, image.width):
                said = f"{image.width}x{image.height}"
                raise BadInput(f"{image.path} is {rgb.shape[1]}x{rgb.shape[0]}, its masks {said} (width x height)")
            _write_new(_inside(folder, image.path), body)
            refs[image.sha256] = replace(image, sha256=image_sha256(rgb))
    return [record.with_(image=refs[record.image.sha256]) for record in found.records]


def _inside(folder: Path, name: str) -> Path:
    """Where a file of that name goes; BadInput for a name that leads out of ``folder``."""
    path = folder / name
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise BadInput(f"{name!r} leads out of {folder}")
    return path


def _write_new(path: Path, body: bytes) -> None:
    if path.exists() and path.read_bytes() != body:
        raise BadInput(f"{path} is another file already: name a folder without it")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, body)


def write_records(
    format: str, path: Path, records: Sequence[Annotation], words: Vocabulary, seen: bool = False
) -> ExportReport:
    """Write ``records`` as "coco", "parts" (a file each) or "masks" (a folder of PNG files with ``masks.json``).

    ``seen``: images have the digest of their pixels. BadInput when there is nothing to write, or nowhere.
    """
    if format not in (*FORMATS, MASKS):
        raise BadInput(f"unknown format {format!r}: one of {', '.join((*FORMATS, MASKS))}")
    if not records:
        raise BadInput("nothing to export: no submitted annotation has a mask")
    if format == MASKS:
        return _write_masks(path, records)
    images = list({record.image.sha256: record.image for record in records}.values())
    return write_export(format, path, images, records, {}, words, seen=seen)  # unseen, the digest is of the address


def _write_masks(folder: Path, records: Sequence[Annotation]) -> ExportReport:
    """One PNG a mask, 255 inside, since masks may overlap; ``masks.json`` last, so that it names what is there."""
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is a file: masks need a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "masks.json").exists():
        raise BadInput(f"{folder} holds other files: name an empty folder, or one of an earlier export")
    rows = []
    for record, name in _named(records):
        path = _inside(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, _png(record))
        rows.append(_row(record, name))
    write_json(folder / "masks.json", {"masks": rows})
    kinds = [record.kind for record in records]
    images = len({record.image.sha256 for record in records})
    return ExportReport(str(folder), images, kinds.count("object"), kinds.count("part"), 0)


def _named(records: Sequence[Annotation]) -> Iterator[tuple[Annotation, str]]:
    """Each with its file: the image's name, then number and label."""
    counts: dict[str, int] = {}
    for record in records:
        image = str(PurePosixPath(record.image.path).with_suffix(""))
        counts[image] = counts.get(image, 0) + 1
        label = re.sub(r"[^\w-]+", "_", "_".join(filter(None, (record.object, record.part))))[:60]
        yield record, f"{image}/{counts[image]:03}{'_' if label else ''}{label}.png"


def _png(record: Annotation) -> bytes:
    buffer = BytesIO()
    Image.fromarray(decode_rle(record.mask).astype(np.uint8) * 255).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _row(record: Annotation, name: str) -> dict[str, Any]:
    keys = ("id", "kind", "object", "part", "part_of", "level", "score", "author", "time")
    said = {key: getattr(record, key) for key in keys}
    return {
        "file": name,
        "image": record.image.path,
        "height": record.image.height,
        "width": record.image.width,
        **said,
    }
