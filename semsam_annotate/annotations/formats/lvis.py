"""LVIS: objects alone (their parts are PACO's, format "parts"), and of every image what its absences mean."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from semsam_annotate.annotations.coco import bbox
from semsam_annotate.annotations.formats.rows import ID, Row, image_row, segmentation, write_content
from semsam_annotate.annotations.formats.scene import Head, Scene
from semsam_annotate.annotations.formats.written import PARTS, Account
from semsam_annotate.annotations.record import Annotation
from semsam_annotate.api import rle_area


def write_lvis(scene: Scene, path: Path, account: Account) -> None:
    """One file. Nobody said that every instance was drawn, so the categories seen are ``not_exhaustive``."""
    objects = Counter({category.object: number for category, number in scene.used.items() if category.part is None})
    account.lose(Counter({PARTS: scene.used.total() - objects.total()}))
    if not objects:
        return
    names = sorted(set(objects) | set(scene.objects))
    ids = {name: number for number, name in enumerate(names, start=1)}
    seen: dict[int, set[int]] = defaultdict(set)
    images = (_image(head, seen[head.id]) for head in scene.heads if head.id in account.frames)
    write_content(path, _annotations(scene, account, ids, seen), images, _categories(ids, objects, seen))


def _annotations(scene: Scene, account: Account, ids: dict[str, int], seen: dict[int, set[int]]) -> Iterator[Row]:
    """``seen``: filled with the categories of every image."""
    numbers = count(1)
    for frame in scene.frames():
        kept = [record for record in frame.records if record.kind == "object"]
        account.keep(frame, kept)
        for record in kept:
            category = ids[frame.categories[record.id].object]
            seen[frame.id].add(category)
            yield _annotation(next(numbers), frame.id, category, record)


def _annotation(id: int, image: int, category: int, record: Annotation) -> Row:
    return {
        "id": id,
        "image_id": image,
        "category_id": category,
        "segmentation": segmentation(record),
        "bbox": bbox(record.mask),
        "area": rle_area(record.mask),
        "iscrowd": 0,  # LVIS's own files have none, but readers of COCO files ask for it
        ID: record.id,
    }


def _image(head: Head, seen: set[int]) -> Row:
    return {**image_row(head), "neg_category_ids": [], "not_exhaustive_category_ids": sorted(seen)}


def _categories(ids: dict[str, int], objects: Counter[str], seen: dict[int, set[int]]) -> Iterator[Row]:
    seen_in = Counter(id for found in seen.values() for id in found)
    for name, id in ids.items():
        yield _category(name, id, seen_in[id], objects[name])


def _category(name: str, id: int, images: int, instances: int) -> Row:
    """With LVIS's statistics: rare below 11 images, common below 101."""
    return {
        "id": id,
        "name": name,
        "synset": name,
        "synonyms": [name],
        "def": "",
        "frequency": "r" if images < 11 else "c" if images < 101 else "f",
        "image_count": images,
        "instance_count": instances,
    }
