"""Objects365: boxes only, every instance of its 365 categories."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, ClassVar

from semsam_annotate.training.data.readers.categories import Category
from semsam_annotate.training.data.readers.coco import CocoSet
from semsam_annotate.training.data.record import OBJECT


class Objects365Set(CocoSet):
    """Every annotation is a box; boxes marked as groups (``iscrowd``) make their name uncertain in the image."""

    format: ClassVar[str] = "objects365"
    exhaustive_by_design: ClassVar[bool] = True

    def split(self, row: Mapping[str, Any]) -> Category:
        """Every category is an object; of ``Moniter/TV`` the slash belongs to the name."""
        return Category(OBJECT, self.plain(row["name"]), None)

    def file_names(self, image: Mapping[str, Any]) -> Sequence[str]:
        """As written (``v1/patch0/x.jpg``), or with its patch alone, as the archives unpack."""
        names = list(super().file_names(image))
        return [*names, *("/".join(PurePosixPath(name).parts[-2:]) for name in names)]
