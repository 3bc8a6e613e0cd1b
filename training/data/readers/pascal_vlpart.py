"""Pascal-Part as VLPart distributes it: parts alone, categories ``object:part``."""

from collections.abc import Mapping
from typing import Any, ClassVar

from semsam_annotate.training.data.readers.categories import Category
from semsam_annotate.training.data.readers.coco import CocoSet
from semsam_annotate.training.data.record import PART


class PascalVlpartSet(CocoSet):
    """No object has a mask, and which parts are of one instance is not told: a part has its owner's name, no parent."""

    format: ClassVar[str] = "pascal-part"

    def split(self, row: Mapping[str, Any]) -> Category:
        """``object:part``."""
        owner, _, part = str(row["name"]).partition(":")
        return Category(PART, self.plain(owner), self.plain(part) or None)
