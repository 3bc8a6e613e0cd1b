"""COCO panoptic: segments do not overlap, so objects and parts are two files, each with a folder of PNGs beside it."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from semsam_annotate.annotations.categories import Category, category_rows
from semsam_annotate.annotations.classes import colour_of
from semsam_annotate.annotations.formats.flatten import Map, flattened
from semsam_annotate.annotations.formats.scene import Frame, Scene
from semsam_annotate.annotations.formats.written import Written, flat, unnamed, written
from semsam_annotate.annotations.record import Annotation


def write_panoptic(scene: Scene, folder: Path) -> Written:
    """``objects.json`` and ``parts.json`` with folders of PNGs, whose R + 256 G + 65536 B is the id."""
    frames, lost = flat(scene.frames)
    kept: list[Annotation] = []
    for kind in ("object", "part"):
        kept += _write_kind(replace(scene, frames=tuple(frames)), folder, kind, lost)
    return written(frames, kept, (), lost + unnamed(scene, kept))


def _write_kind(scene: Scene, folder: Path, kind: str, lost: Counter[str]) -> list[Annotation]:
    used = [category for category in scene.categories.values() if category.kind == kind]
    rows = category_rows(used, scene.objects)
    kept: list[Annotation] = []
    annotations = []
    for frame in scene.frames:
        drawn, seen, hidden = flattened(
            [record for record in frame.records if record.kind == kind], frame.ref.height, frame.ref.width
        )
        lost.update(hidden)
        annotations.append(_annotation(scene, frame, drawn, seen, rows, len(kept)))
        _save(drawn, len(kept), folder / f"{kind}s" / annotations[-1]["file_name"])
        kept += seen
    content = {
        "info": {"description": "semsam-annotate: panoptic, " + kind + "s"},
        "images": [_image(frame) for frame in scene.frames],
        "annotations": annotations,
        "categories": [_category(category, row) for category, row in rows.items() if category.kind == kind],
    }
    (folder / f"{kind}s.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return kept


def _annotation(
    scene: Scene, frame: Frame, drawn: Map, seen: list[Annotation], rows: dict[Category, dict[str, Any]], first: int
) -> dict[str, Any]:
    segments = [
        {
            "id": first + value,
            "category_id": rows[scene.categories[record.id]]["id"],
            "iscrowd": 0,
            "area": int((drawn == value).sum()),
            "bbox": _box(drawn == value),
        }
        for value, record in enumerate(seen, start=1)
    ]
    return {"image_id": frame.id, "file_name": f"{frame.stem}.png", "segments_info": segments}


def _save(drawn: Map, first: int, path: Path) -> None:
    ids = np.where(drawn > 0, drawn + first, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.stack([ids % 256, ids // 256 % 256, ids // 65536], -1).astype(np.uint8)).save(path)


def _image(frame: Frame) -> dict[str, Any]:
    return {"id": frame.id, "file_name": frame.name, "width": frame.ref.width, "height": frame.ref.height}


def _category(category: Category, row: dict[str, Any]) -> dict[str, Any]:
    colour = colour_of(category.name)
    return {**row, "isthing": 1, "color": [int(colour[place : place + 2], 16) for place in (1, 3, 5)]}


def _box(mask: Any) -> list[int]:
    """(x, y, width, height) in pixels."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return [int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1]
