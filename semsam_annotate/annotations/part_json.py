"""Writing part JSON in PACO's scheme, which VLPart, the PACO API and detectron2 read."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from semsam_annotate.annotations.categories import Category
from semsam_annotate.annotations.coco import category_of, document
from semsam_annotate.annotations.record import Annotation, ImageRef
from semsam_annotate.annotations.splits import Split
from semsam_annotate.api import Vocabulary

ATTRIBUTE_TYPES = ("color", "pattern_marking", "material", "transparency")
"""PACO's attribute types; its loaders need the keys, though nothing here has attributes."""


def part_document(
    images: Sequence[ImageRef],
    records: Sequence[Annotation],
    splits: Mapping[str, Split],
    vocabulary: Vocabulary,
) -> tuple[dict[str, Any], int]:
    """The file's content, and how many parts were left out because they have no object.

    ``obj_ann_id``: an object's own id, a part's nearest object above it; ``part_of``: the direct parent.
    """
    by_id = {record.id: record for record in records}
    objects = {record.id: object_of(record, by_id) for record in records}
    kept = [record for record in records if objects[record.id] is not None]
    categories_of = {record.id: _category(record, objects[record.id]) for record in kept}
    content = document(images, kept, splits, categories_of, vocabulary)
    ids = {row["semsam"]["id"]: row["id"] for row in content["annotations"]}
    for row in content["annotations"]:
        owner = objects[row["semsam"]["id"]]
        row.update(_paco_annotation(row["id"] if owner is None else ids[owner.id]))
    for row in content["images"]:
        fields = ("neg_category_ids", "not_exhaustive_category_ids")
        row.update({name + end: [] for end in ("", "_attrs") for name in fields})
    _count(content)
    names = sorted({category.part for category in categories_of.values() if category.part is not None})
    content["part_categories"] = [
        {"id": number, "name": name, "supercategory": "PART"} for number, name in enumerate(names)
    ]
    content["attributes"] = []
    content["attr_type_to_attr_idxs"] = {name: [] for name in ATTRIBUTE_TYPES}
    content["joint_obj_attribute_categories"] = []
    return content, len(records) - len(kept)


def object_of(record: Annotation, by_id: Mapping[str, Annotation]) -> Annotation | None:
    """The record itself or the nearest object above it, None where the way up ends without one."""
    seen: set[str] = set()
    above: Annotation | None = record
    while above is not None and above.kind != "object" and above.id not in seen:
        seen.add(above.id)
        above = by_id.get(above.part_of or "")
    return None if above is None or above.kind != "object" else above


def _category(record: Annotation, owner: Annotation | None) -> Category:
    return category_of(record, record.object if owner is None else owner.object)


def _paco_annotation(obj_ann_id: int) -> dict[str, Any]:
    unknown = {f"unknown_{name}": 1 for name in ATTRIBUTE_TYPES}
    return {"obj_ann_id": obj_ann_id, "attribute_ids": [], "dom_color_ids": [], **unknown}


def _count(content: dict[str, Any]) -> None:
    """LVIS's statistics of a category: in how many images and how often, rare below 11 images, common below 101."""
    instances = Counter(row["category_id"] for row in content["annotations"])
    seen_in: dict[int, set[int]] = defaultdict(set)
    for row in content["annotations"]:
        seen_in[row["category_id"]].add(row["image_id"])
    for row in content["categories"]:
        images = len(seen_in[row["id"]])
        row["synset"] = row["name"].replace(":", ".")
        row["frequency"] = "r" if images < 11 else "c" if images < 101 else "f"
        row["image_count"], row["instance_count"] = images, instances[row["id"]]
