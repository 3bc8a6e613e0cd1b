"""Writing part JSON in PACO's scheme, which VLPart, the PACO API and detectron2 read."""

from collections.abc import Iterable, Mapping
from typing import Any

from semsam_annotate.annotations.categories import Category
from semsam_annotate.annotations.coco import CocoScheme, category_of
from semsam_annotate.annotations.hierarchy import Node, object_of
from semsam_annotate.annotations.record import Annotation

ATTRIBUTE_TYPES = ("color", "pattern_marking", "material", "transparency")
"""PACO's attribute types; its loaders need the keys, though nothing here has attributes."""


class PartScheme(CocoScheme):
    """Parts without an object are left out.

    ``obj_ann_id``: an object's own id, a part's nearest object above it; ``part_of``: the direct parent.
    """

    def category(self, record: Node, by_id: Mapping[str, Node]) -> Category | None:
        """Named by the object above."""
        owner = object_of(record, by_id)
        return None if owner is None else category_of(record, owner.object)

    def image_fields(self) -> dict[str, Any]:
        """Of the sets that nothing is known about."""
        fields = ("neg_category_ids", "not_exhaustive_category_ids")
        return {name + end: [] for end in ("", "_attrs") for name in fields}

    def annotation_fields(
        self, record: Annotation, by_id: Mapping[str, Annotation], ids: Mapping[str, int]
    ) -> dict[str, Any]:
        """PACO's."""
        owner = object_of(record, by_id)
        unknown = {f"unknown_{name}": 1 for name in ATTRIBUTE_TYPES}
        known = {"obj_ann_id": ids[(owner or record).id], "attribute_ids": [], "dom_color_ids": []}
        return {**known, **unknown}

    def category_fields(self, category: Category, images: int, instances: int) -> dict[str, Any]:
        """LVIS's statistics: in how many images and how often, rare below 11 images, common below 101."""
        return {
            "synset": category.name.replace(":", "."),
            "frequency": "r" if images < 11 else "c" if images < 101 else "f",
            "image_count": images,
            "instance_count": instances,
        }

    def members(self, categories: Iterable[Category]) -> list[tuple[str, Any]]:
        """Names of parts, and attributes, of which there are none."""
        names = sorted({category.part for category in categories if category.part is not None})
        rows = [{"id": number, "name": name, "supercategory": "PART"} for number, name in enumerate(names)]
        return [
            ("part_categories", rows),
            ("attributes", []),
            ("attr_type_to_attr_idxs", {name: [] for name in ATTRIBUTE_TYPES}),
            ("joint_obj_attribute_categories", []),
        ]
