"""LVIS: federated; which absences are known is written with every image."""

from collections.abc import Mapping, Sequence, Set
from typing import Any, ClassVar

from semsam_annotate.training.data.readers.categories import Category, id_of
from semsam_annotate.training.data.readers.coco import CocoSet
from semsam_annotate.training.data.record import OBJECT


class LvisSet(CocoSet):
    """Names that have a mask and are not in ``not_exhaustive_category_ids``, and those of ``neg_category_ids``.

    About these an image is exhaustive, about all others nothing is known.
    """

    format: ClassVar[str] = "lvis"

    def split(self, row: Mapping[str, Any]) -> Category:
        """Every category is an object."""
        return Category(OBJECT, self.plain(row["name"]), None)

    def file_names(self, image: Mapping[str, Any]) -> Sequence[str]:
        """From ``coco_url``, whose last two pieces are split and file."""
        url = str(image.get("coco_url") or "")
        return super().file_names(image) or (["/".join(url.split("/")[-2:])] if url else [])

    def exhaustive_ids(self, image: Mapping[str, Any], rows: Sequence[Any]) -> Set[Any]:
        """Present and exhaustive, or absent."""
        present = {id_of(row, "category_id") for row in rows if isinstance(row, dict)}
        return (present | _ids(image, "neg_category_ids")) - _ids(image, "not_exhaustive_category_ids")


def _ids(image: Mapping[str, Any], key: str) -> set[Any]:
    given = image.get(key)
    return {id for id in given if isinstance(id, int)} if isinstance(given, list) else set()
