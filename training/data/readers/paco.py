"""PACO: objects with their parts by ``obj_ann_id``, federated like LVIS."""

from collections.abc import Mapping
from typing import Any, ClassVar

from semsam_annotate.training.data.readers.categories import Category, split_category
from semsam_annotate.training.data.readers.lvis import LvisSet


class PacoSet(LvisSet):
    """Absences are read for objects; that ``dog:ear`` is absent says nothing about the ears of others."""

    format: ClassVar[str] = "paco"

    def split(self, row: Mapping[str, Any]) -> Category:
        """``object:part``, split at the first colon."""
        kind, object, part = split_category({"name": row["name"], "supercategory": row.get("supercategory")})
        plain = (None if name is None else self.plain(name) for name in (object, part))
        return Category(kind, *plain)
