"""LVIS: objects alone (their parts are PACO's, format "parts"), and of every image what its absences mean."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.categories import Category
from semsam_annotate.annotations.coco import bbox
from semsam_annotate.annotations.formats.rows import image_row, write_content
from semsam_annotate.annotations.formats.scene import Scene
from semsam_annotate.annotations.formats.written import PARTS, Written, flat, unnamed, written
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.api import rle_area


def write_lvis(scene: Scene, path: Path) -> Written:
    """One file. Nobody said that every instance was drawn, so the categories seen are ``not_exhaustive``."""
    frames, lost = flat(scene.frames)
    masks = [(frame, record) for frame in frames for record in frame.records if record.kind == "object"]
    seen: dict[int, set[int]] = defaultdict(set)
    names = sorted({scene.categories[record.id].object for _, record in masks} | set(scene.objects))
    ids = {name: number for number, name in enumerate(names, start=1)}
    rows = []
    for number, (frame, record) in enumerate(masks, start=1):
        category = ids[scene.categories[record.id].object]
        seen[frame.id].add(category)
        rows.append(_annotation(number, frame.id, category, record))
    images = [
        {**image_row(frame), "neg_category_ids": [], "not_exhaustive_category_ids": sorted(seen[frame.id])}
        for frame in frames
    ]
    categories = [_category(Category(name), id, rows) for name, id in ids.items()]
    if rows:
        write_content(path, images, rows, categories)
    lost[PARTS] = sum(record.kind == "part" for frame in frames for record in frame.records)
    kept = [record for _, record in masks]
    return written(frames, kept, (), lost + unnamed(scene, kept))


def _annotation(id: int, image: int, category: int, record: Annotation) -> dict[str, Any]:
    return {
        "id": id,
        "image_id": image,
        "category_id": category,
        "segmentation": {"size": list(record.mask["size"]), "counts": record.mask["counts"]},
        "bbox": bbox(record.mask),
        "area": rle_area(record.mask),
        "iscrowd": 0,  # LVIS's own files have none, but readers of COCO files ask for it
    }


def _category(category: Category, id: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """With LVIS's statistics: rare below 11 images, common below 101."""
    images = [row["image_id"] for row in rows if row["category_id"] == id]
    count = len(set(images))
    return {
        "id": id,
        "name": category.object,
        "synset": category.object,
        "synonyms": [category.object],
        "def": "",
        "frequency": "r" if count < 11 else "c" if count < 101 else "f",
        "image_count": count,
        "instance_count": len(images),
    }
