"""COCO panoptic: segments do not overlap, so objects and parts are two files, each with a folder of PNGs beside it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from semsam_annotate.annotations.categories import Category, category_rows
from semsam_annotate.annotations.classes import colour_of
from semsam_annotate.annotations.formats.flatten import Map, flattened
from semsam_annotate.annotations.formats.rows import ID, Row, image_row, write_content
from semsam_annotate.annotations.formats.scene import Frame, Scene
from semsam_annotate.annotations.formats.written import Account
from semsam_annotate.annotations.record import Annotation

FILES = {"object": "objects.json", "part": "parts.json"}
"""Kind of masks and the file that lists them."""


def write_panoptic(scene: Scene, folder: Path, account: Account) -> None:
    """``FILES`` with folders of PNGs of the same name, whose R + 256 G + 65536 B is the id."""
    for kind, name in FILES.items():
        rows = category_rows([category for category in scene.used if category.kind == kind], scene.objects)
        write_content(
            folder / name,
            _annotations(scene, account, folder, kind, rows),
            map(image_row, scene.heads),
            (_category(category, row) for category, row in rows.items() if category.kind == kind),
            f"semsam-annotate: panoptic, {kind}s",
        )


def _annotations(scene: Scene, account: Account, folder: Path, kind: str, rows: dict[Category, Row]) -> Iterator[Row]:
    first = 0
    for frame in scene.frames():
        mine = [record for record in frame.records if record.kind == kind]
        drawn, seen, hidden = flattened(mine, frame.ref.height, frame.ref.width)
        account.lose(hidden)
        account.keep(frame, seen)
        _save(drawn, first, folder / f"{kind}s" / f"{frame.stem}.png")
        yield _annotation(frame, drawn, seen, rows, first)
        first += len(seen)


def _annotation(frame: Frame, drawn: Map, seen: list[Annotation], rows: dict[Category, Row], first: int) -> Row:
    segments = [
        {
            "id": first + value,
            "category_id": rows[frame.categories[record.id]]["id"],
            "iscrowd": 0,
            "area": int((drawn == value).sum()),
            "bbox": _box(drawn == value),
            ID: record.id,
        }
        for value, record in enumerate(seen, start=1)
    ]
    return {"image_id": frame.id, "file_name": f"{frame.stem}.png", "segments_info": segments}


def _save(drawn: Map, first: int, path: Path) -> None:
    """Red, green and blue are the bytes of a segment's id, the lowest first."""
    ids = np.where(drawn > 0, drawn + first, 0).astype("<u4")
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.ascontiguousarray(ids.view(np.uint8).reshape(*ids.shape, 4)[..., :3])).save(path)


def _category(category: Category, row: dict[str, Any]) -> dict[str, Any]:
    colour = colour_of(category.name)
    return {**row, "isthing": 1, "color": [int(colour[place : place + 2], 16) for place in (1, 3, 5)]}


def _box(mask: Any) -> list[int]:
    """(x, y, width, height) in pixels."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return [int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1]
