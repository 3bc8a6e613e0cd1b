"""PNG label maps of 16 bits, objects apart from parts: what a value means stands in ``legend.json``."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from semsam_annotate.annotations.classes import colour_of
from semsam_annotate.annotations.formats.flatten import flattened
from semsam_annotate.annotations.formats.scene import Frame, Scene
from semsam_annotate.annotations.formats.written import Account
from semsam_annotate.annotations.json_file import write_json_rows
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.api import BadInput

LEGEND = "legend.json"
FORMAT = "semsam label maps"
MOST = 65_535
"""Masks of an image that 16 bits can tell apart."""


def write_label_maps(scene: Scene, folder: Path, account: Account) -> None:
    """``objects/`` and ``parts/``, a map each for every image, and the legend with names, parents and colours."""
    rows = (_image_row(frame, folder, account) for frame in scene.frames())
    members = [("format", FORMAT), ("version", 1), ("palette", _palette(scene)), ("images", rows)]
    write_json_rows(folder / LEGEND, members)


def _map(frame: Frame, folder: Path, kind: str, account: Account) -> list[Annotation]:
    records = [record for record in frame.records if record.kind == kind]
    if len(records) > MOST:
        raise BadInput(f"{frame.name} has {len(records)} {kind}s, a label map of 16 bits holds {MOST}")
    drawn, seen, hidden = flattened(records, frame.ref.height, frame.ref.width)
    account.lose(hidden)
    path = folder / _png(frame, kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(drawn.astype(np.uint16)).save(path)
    return seen


def _png(frame: Frame, kind: str) -> str:
    return f"{kind}s/{frame.stem}.png"


def _image_row(frame: Frame, folder: Path, account: Account) -> dict[str, Any]:
    """Its row in the legend, once its maps are there."""
    objects, parts = (_map(frame, folder, kind, account) for kind in ("object", "part"))
    account.keep(frame, [*objects, *parts])
    places = {record.id: ("object", value) for value, record in enumerate(objects, start=1)}
    places |= {record.id: ("part", value) for value, record in enumerate(parts, start=1)}
    return {
        "file_name": frame.name,
        "width": frame.ref.width,
        "height": frame.ref.height,
        "plane": list(frame.plane),
        "split": frame.split,
        "object_map": _png(frame, "object"),
        "part_map": _png(frame, "part"),
        "objects": [_row(frame, record, places) for record in objects],
        "parts": [_row(frame, record, places) for record in parts],
    }


def _row(frame: Frame, record: Annotation, places: dict[str, tuple[str, int]]) -> dict[str, Any]:
    """``value``: of its pixels; ``part_of``: map and value of the direct parent."""
    parent = places.get(record.part_of or "")
    return {
        "value": places[record.id][1],
        "category": frame.categories[record.id].name,
        "object": record.object,
        "part": record.part,
        "part_of": None if parent is None else {"map": parent[0], "value": parent[1]},
        "level": record.level,
        "score": record.score,
        "track": record.track,
        "author": record.author,
        "id": record.id,
    }


def _palette(scene: Scene) -> dict[str, str]:
    """A colour for every category, the one that follows from its name."""
    names = sorted({category.name for category in scene.used} | set(scene.objects))
    return {name: colour_of(name) for name in names}
