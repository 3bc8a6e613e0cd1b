"""A folder that Hugging Face's ``datasets`` loads as it is: ``load_dataset("imagefolder", data_dir=…)``."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from semsam_annotate.annotations.coco import bbox
from semsam_annotate.annotations.formats.pictures import copy_picture, split_of
from semsam_annotate.annotations.formats.rows import segmentation
from semsam_annotate.annotations.formats.scene import Frame, Scene
from semsam_annotate.annotations.formats.written import Account
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.api import rle_area


def write_image_folder(scene: Scene, folder: Path, account: Account) -> None:
    """A folder a split with its images and ``metadata.jsonl``: a line an image, its masks as COCO's run lengths."""
    with ExitStack() as files:
        tables: dict[str, IO[str]] = {}
        for frame in scene.frames():
            split = split_of(frame)
            name = copy_picture(scene, frame, folder / split / frame.stem)
            if split not in tables:
                tables[split] = files.enter_context((folder / split / "metadata.jsonl").open("w", encoding="utf-8"))
            row = _image_row(frame, Path(frame.stem).with_name(name).as_posix())
            tables[split].write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
            account.keep(frame, frame.records)


def _image_row(frame: Frame, name: str) -> dict[str, Any]:
    places = {record.id: index for index, record in enumerate(frame.records)}
    objects = [_row(frame, record, places) for record in frame.records]
    return {"file_name": name, "width": frame.ref.width, "height": frame.ref.height, "objects": objects}


def _row(frame: Frame, record: Annotation, places: dict[str, int]) -> dict[str, Any]:
    """Every row has every key, since the loader makes columns of them; ``part_of``: place in the list, -1 for none."""
    return {
        "id": record.id,
        "category": frame.categories[record.id].name,
        "kind": record.kind,
        "object": record.object or "",
        "part": record.part or "",
        "part_of": places.get(record.part_of or "", -1),
        "bbox": bbox(record.mask),
        "area": rle_area(record.mask),
        "segmentation": segmentation(record),
        "level": record.level,
        "score": record.score,
        "track": record.track,
        "author": record.author,
    }
