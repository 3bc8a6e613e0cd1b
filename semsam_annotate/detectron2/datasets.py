"""A project as detectron2's data sets: standard dicts in its catalogs."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pycocotools import mask as coco_mask

from semsam_annotate.annotations import Annotation, Project
from semsam_annotate.annotations.categories import Category, category_rows
from semsam_annotate.annotations.classes import colour_of
from semsam_annotate.annotations.formats.scene import Frame, scene_of
from semsam_annotate.annotations.hierarchy import object_of
from semsam_annotate.annotations.outgoing import Held
from semsam_annotate.annotations.split_drawing import all_drawn
from semsam_annotate.api import BadInput
from semsam_annotate.detectron2.installed import of_detectron2

ENDINGS = {"train": "train", "validation": "val", "test": "test"}
"""Of the data sets' names by split."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Registered:
    """``names``: of the data sets. ``classes``: their classes. ``images``, ``masks``: in all of them together.

    ``left_out``: masks in planes of stacks, which a data set of pictures cannot hold.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    images: int
    masks: int
    left_out: int


def register_project(folder: Path | str, name: str | None = None) -> Registered:
    """Register ``NAME_train`` and ``NAME_val`` (and ``NAME_test`` where images are kept for tests).

    ``name``: by default the project's. What was accepted when this was called stays what the data sets hold. Images
    without a split get theirs, as when training. BadInput without detectron2, without masks, or when a name is taken.
    """
    data, mode = of_detectron2("data"), of_detectron2("structures").BoxMode.XYXY_ABS
    with Project.open(folder) as project:
        title = name or project.config.name
        images, records = project.store.images(), project.store.annotations()
        scene = scene_of(Held.of(images, records, {}), project.vocabulary())
        flat = [frame for frame in scene.frames() if not frame.plane]
        if not flat:
            raise BadInput(f"{folder} has no accepted masks in plain images to register")
        files = [str(project.image_path(frame.ref)) for frame in flat]
        known = project.store.splits.all()
        kept = {known[frame.ref.sha256].split for frame in flat if frame.ref.sha256 in known}
        names = {split: f"{title}_{ending}" for split, ending in ENDINGS.items() if split != "test" or split in kept}
        for taken in set(names.values()) & set(data.DatasetCatalog.list()):
            raise BadInput(f"detectron2 has a data set called {taken} already: give another name")
        drawn = all_drawn(project, [frame.ref for frame in flat])
        splits = [drawn[frame.ref.sha256].split for frame in flat]
    rows = category_rows(scene.used, scene.objects)
    told = _Telling(records, rows, mode)
    pictures = [told.image(frame, file) for frame, file in zip(flat, files, strict=True)]
    for split, known_as in names.items():
        held = [one for one, of in zip(pictures, splits, strict=True) if of == split]
        data.DatasetCatalog.register(known_as, partial(deepcopy, held))  # what a caller does to it changes nothing
        data.MetadataCatalog.get(known_as).set(**_metadata(rows), semsam_project=str(Path(folder).absolute()))
    masks = sum(len(frame.records) for frame in flat)
    return Registered(tuple(names.values()), tuple(one.name for one in rows), len(flat), masks, len(records) - masks)


class _Telling:
    """Images and masks as standard dicts. ``rows``: of the classes, whose contiguous ids are one less."""

    def __init__(self, records: Sequence[Annotation], rows: Mapping[Category, Row], mode: Any) -> None:
        self._ids = {record.id: number for number, record in enumerate(records, start=1)}
        self._records = {record.id: record for record in records}
        self._rows, self._mode = rows, mode

    def image(self, frame: Frame, file: str) -> Row:
        """One image; ``image_id`` is that of no other image of the project, whichever its split."""
        return {
            "file_name": file,
            "image_id": frame.id,
            "height": frame.ref.height,
            "width": frame.ref.width,
            "annotations": [self._annotation(frame, record) for record in frame.records],
        }

    def _annotation(self, frame: Frame, record: Annotation) -> Row:
        """``id`` and ``obj_ann_id`` as in PACO, None for a part that no object has; ``part_of``: direct parent."""
        owner = object_of(record, self._records)
        segment = {"size": list(record.mask["size"]), "counts": record.mask["counts"].encode("ascii")}
        x, y, across, down = (float(value) for value in coco_mask.toBbox(segment))
        return {
            "id": self._ids[record.id],
            "bbox": [x, y, x + across, y + down],
            "bbox_mode": self._mode,
            "category_id": self._rows[frame.categories[record.id]]["id"] - 1,
            "segmentation": segment,
            "iscrowd": 0,
            "obj_ann_id": None if owner is None else self._ids[owner.id],
            "part_of": self._ids.get(record.part_of or ""),
            "level": record.level,
            "score": record.score,
            "semsam_id": record.id,
        }


def _metadata(rows: Mapping[Category, Row]) -> Row:
    """Classes, with the ids of exported COCO files; ``part_to_object``: contiguous ids of parts to their owners'."""
    numbers = {category: row["id"] - 1 for category, row in rows.items()}
    parts = [category for category in rows if category.part is not None]
    return {
        "thing_classes": [category.name for category in rows],
        "thing_colors": [_colour(category) for category in rows],
        "thing_dataset_id_to_contiguous_id": {row["id"]: row["id"] - 1 for row in rows.values()},
        "part_to_object": {numbers[part]: numbers[Category(part.object)] for part in parts},
    }


def _colour(category: Category) -> tuple[int, int, int]:
    code = colour_of(category.name)
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)
