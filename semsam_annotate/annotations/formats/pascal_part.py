"""Pascal-Part as VLPart distributes it: parts alone, called ``object:part``."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path, PurePosixPath

from semsam_annotate.annotations.categories import UNLABELLED, Category
from semsam_annotate.annotations.coco import bbox
from semsam_annotate.annotations.formats.rows import ID, Row, image_row, segmentation, write_content
from semsam_annotate.annotations.formats.scene import Head, Scene
from semsam_annotate.annotations.formats.written import OBJECTS, ORPHANS, Account
from semsam_annotate.annotations.record import Annotation

_VOC = re.compile(r"(\d{4})_(\d{6})")


def write_pascal_part(scene: Scene, path: Path, account: Account) -> None:
    """One file: annotation ids from 0, category ids from 1, ``area`` that of the box, as VLPart's files have them."""
    parts = Counter({category: number for category, number in scene.used.items() if category.part is not None})
    held = Counter({category: number for category, number in parts.items() if _is_held(category)})
    account.lose(Counter({OBJECTS: scene.used.total() - parts.total(), ORPHANS: parts.total() - held.total()}))
    if not held:
        return
    ids = {name: number for number, name in enumerate(sorted({category.name for category in held}), start=1)}
    numbers = _image_ids(scene.heads)
    images = ({**image_row(head), "id": numbers[head.id]} for head in scene.heads if head.id in account.frames)
    categories = ({"id": id, "name": name} for name, id in ids.items())
    write_content(path, _annotations(scene, account, ids, numbers), images, categories)


def _is_held(category: Category) -> bool:
    """Parts whose object has a name."""
    return category.part is not None and category.object != UNLABELLED


def _annotations(scene: Scene, account: Account, ids: dict[str, int], numbers: dict[int, int]) -> Iterator[Row]:
    unused = count()
    for frame in scene.frames():
        kept = [record for record in frame.records if _is_held(frame.categories[record.id])]
        account.keep(frame, kept)
        for record in kept:
            category = ids[frame.categories[record.id].name]
            yield _annotation(next(unused), numbers[frame.id], category, record)


def _image_ids(heads: Sequence[Head]) -> dict[int, int]:
    """VOC's names without underscore where all images have such names, else numbers from 1."""
    found = [_VOC.fullmatch(PurePosixPath(head.name).stem) for head in heads]
    numbers = [int(match[1] + match[2]) for match in found if match is not None]
    if len(set(numbers)) < len(heads):
        numbers = [head.id for head in heads]
    return {head.id: number for head, number in zip(heads, numbers, strict=True)}


def _annotation(id: int, image: int, category: int, record: Annotation) -> Row:
    box = bbox(record.mask)
    return {
        "id": id,
        "image_id": image,
        "category_id": category,
        "segmentation": segmentation(record),
        "bbox": box,
        "area": box[2] * box[3],
        "iscrowd": 0,
        ID: record.id,
    }
