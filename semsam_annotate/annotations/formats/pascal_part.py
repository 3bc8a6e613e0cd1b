"""Pascal-Part as VLPart distributes it: parts alone, called ``object:part``."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from semsam_annotate.annotations.categories import UNLABELLED
from semsam_annotate.annotations.coco import bbox
from semsam_annotate.annotations.formats.rows import image_row, write_content
from semsam_annotate.annotations.formats.scene import Frame, Scene
from semsam_annotate.annotations.formats.written import OBJECTS, ORPHANS, Written, flat, unnamed, written
from semsam_annotate.annotations.record import Annotation

_VOC = re.compile(r"(\d{4})_(\d{6})")


def write_pascal_part(scene: Scene, path: Path) -> Written:
    """One file: annotation ids from 0, category ids from 1, ``area`` that of the box, as VLPart's files have them."""
    frames, lost = flat(scene.frames)
    kept = _kept(scene, frames, lost)
    names = sorted({scene.categories[record.id].name for _, record in kept})
    ids = {name: number for number, name in enumerate(names, start=1)}
    numbers = _image_ids(frames)
    rows = [
        _annotation(number, numbers[frame.id], ids[scene.categories[record.id].name], record)
        for number, (frame, record) in enumerate(kept)
    ]
    images = [{**image_row(frame), "id": numbers[frame.id]} for frame in frames]
    if rows:
        write_content(path, images, rows, [{"id": id, "name": name} for name, id in ids.items()])
    records = [record for _, record in kept]
    return written(frames, records, (), lost + unnamed(scene, records))


def _kept(scene: Scene, frames: Sequence[Frame], lost: Counter[str]) -> list[tuple[Frame, Annotation]]:
    """The parts whose object has a name; what else there is is counted."""
    masks = [(frame, record) for frame in frames for record in frame.records]
    parts = [(frame, record) for frame, record in masks if record.kind == "part"]
    kept = [(frame, record) for frame, record in parts if scene.categories[record.id].object != UNLABELLED]
    lost.update({OBJECTS: len(masks) - len(parts), ORPHANS: len(parts) - len(kept)})
    return kept


def _image_ids(frames: Sequence[Frame]) -> dict[int, int]:
    """VOC's names without underscore where all images have such names, else numbers from 1."""
    found = [_VOC.fullmatch(PurePosixPath(frame.name).stem) for frame in frames]
    numbers = [int(match[1] + match[2]) for match in found if match is not None]
    if len(set(numbers)) < len(frames):
        numbers = [frame.id for frame in frames]
    return {frame.id: number for frame, number in zip(frames, numbers, strict=True)}


def _annotation(id: int, image: int, category: int, record: Annotation) -> dict[str, Any]:
    box = bbox(record.mask)
    return {
        "id": id,
        "image_id": image,
        "category_id": category,
        "segmentation": {"size": list(record.mask["size"]), "counts": record.mask["counts"]},
        "bbox": box,
        "area": box[2] * box[3],
        "iscrowd": 0,
    }
