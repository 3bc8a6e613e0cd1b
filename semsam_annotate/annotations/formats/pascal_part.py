"""Pascal-Part as VLPart distributes it: parts alone, called ``object:part``."""

import re
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

from semsam_annotate.annotations.categories import UNLABELLED
from semsam_annotate.annotations.coco import bbox
from semsam_annotate.annotations.formats.rows import image_row, write_content
from semsam_annotate.annotations.formats.scene import Frame, Scene
from semsam_annotate.annotations.formats.written import OBJECTS, ORPHANS, Written, unnamed, written
from semsam_annotate.annotations.record import Annotation

_VOC = re.compile(r"(\d{4})_(\d{6})")


def write_pascal_part(scene: Scene, path: Path) -> Written:
    """One file: annotation ids from 0, category ids from 1, ``area`` that of the box, as VLPart's files have them."""
    kept, lost = _kept(scene)
    names = sorted({scene.categories[record.id].name for _, record in kept})
    ids = {name: number for number, name in enumerate(names, start=1)}
    numbers = _image_ids(scene)
    rows = [
        _annotation(number, numbers[frame.id], ids[scene.categories[record.id].name], record)
        for number, (frame, record) in enumerate(kept)
    ]
    images = [{**image_row(frame), "id": numbers[frame.id]} for frame in scene.frames]
    if rows:
        write_content(path, images, rows, [{"id": id, "name": name} for name, id in ids.items()])
    records = [record for _, record in kept]
    return written(scene.frames, records, (), lost + unnamed(scene, records))


def _kept(scene: Scene) -> tuple[list[tuple[Frame, Annotation]], Counter[str]]:
    """The parts whose object has a name, and how much else there is."""
    parts = [(frame, record) for frame in scene.frames for record in frame.records if record.kind == "part"]
    kept = [(frame, record) for frame, record in parts if scene.categories[record.id].object != UNLABELLED]
    return kept, Counter({OBJECTS: len(scene.records) - len(parts), ORPHANS: len(parts) - len(kept)})


def _image_ids(scene: Scene) -> dict[int, int]:
    """VOC's names without underscore where all images have such names, else numbers from 1."""
    found = [_VOC.fullmatch(PurePosixPath(frame.name).stem) for frame in scene.frames]
    numbers = [int(match[1] + match[2]) for match in found if match is not None]
    if len(set(numbers)) < len(scene.frames):
        numbers = [frame.id for frame in scene.frames]
    return {frame.id: number for frame, number in zip(scene.frames, numbers, strict=True)}


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
