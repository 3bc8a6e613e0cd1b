"""A folder that Hugging Face's ``datasets`` loads as it is: ``load_dataset("imagefolder", data_dir=…)``."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.coco import bbox
from semsam_annotate.annotations.formats.pictures import copy_picture, split_of
from semsam_annotate.annotations.formats.scene import Frame, Scene
from semsam_annotate.annotations.formats.written import Written, flat, written
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.api import rle_area

_CARRIED = ("parents", "levels", "scores", "tracks", "authors", "splits")


def write_image_folder(scene: Scene, folder: Path) -> Written:
    """A folder a split with its images and ``metadata.jsonl``: a line an image, its masks as COCO's run lengths."""
    frames, lost = flat(scene.frames)
    rows: dict[str, list[dict[str, Any]]] = {}
    for frame in frames:
        split = split_of(frame)
        name = copy_picture(scene, frame, folder / split / frame.stem)
        place = Path(frame.stem).with_name(name).as_posix()
        rows.setdefault(split, []).append(_image_row(scene, frame, place))
    for split, listed in rows.items():
        lines = [json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in listed]
        (folder / split / "metadata.jsonl").write_text("".join(lines), encoding="utf-8")
    return written(frames, [record for frame in frames for record in frame.records], _CARRIED, +Counter(lost))


def _image_row(scene: Scene, frame: Frame, name: str) -> dict[str, Any]:
    places = {record.id: index for index, record in enumerate(frame.records)}
    objects = [_row(scene, record, places) for record in frame.records]
    return {"file_name": name, "width": frame.ref.width, "height": frame.ref.height, "objects": objects}


def _row(scene: Scene, record: Annotation, places: dict[str, int]) -> dict[str, Any]:
    """Every row has every key, since the loader makes columns of them; ``part_of``: place in the list, -1 for none."""
    return {
        "id": record.id,
        "category": scene.categories[record.id].name,
        "kind": record.kind,
        "object": record.object or "",
        "part": record.part or "",
        "part_of": places.get(record.part_of or "", -1),
        "bbox": bbox(record.mask),
        "area": rle_area(record.mask),
        "segmentation": {"size": list(record.mask["size"]), "counts": record.mask["counts"]},
        "level": record.level,
        "score": record.score,
        "track": record.track,
        "author": record.author,
    }
