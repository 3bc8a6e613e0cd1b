"""Which layout a file or folder has, told from what is in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.formats.label_maps import LEGEND
from semsam_annotate.annotations.formats.panoptic import FILES
from semsam_annotate.api import BadInput
from semsam_annotate.training.data.readers.coco import CocoSet
from semsam_annotate.training.data.readers.data_set import DataSet
from semsam_annotate.training.data.readers.image_folder import METADATA, ImageFolderSet
from semsam_annotate.training.data.readers.json_rows import JsonRows
from semsam_annotate.training.data.readers.label_maps import LabelMapSet
from semsam_annotate.training.data.readers.labelme import LabelmeSet
from semsam_annotate.training.data.readers.lvis import LvisSet
from semsam_annotate.training.data.readers.objects365 import Objects365Set
from semsam_annotate.training.data.readers.paco import PacoSet
from semsam_annotate.training.data.readers.panoptic import PanopticSet
from semsam_annotate.training.data.readers.panoptic_folder import PanopticFolder
from semsam_annotate.training.data.readers.partimagenet import PartImageNetSet
from semsam_annotate.training.data.readers.pascal_part import PascalPartSet
from semsam_annotate.training.data.readers.pascal_vlpart import PascalVlpartSet
from semsam_annotate.training.data.readers.project import ProjectSet
from semsam_annotate.training.data.readers.row_index import RowIndex, index_rows
from semsam_annotate.training.data.readers.sa1b import Sa1bFolder, Sa1bTars
from semsam_annotate.training.data.readers.shards import ShardSet
from semsam_annotate.training.data.readers.yolo import DATA, YoloSet
from semsam_annotate.training.data.shards.index import INDEX
from semsam_annotate.training.data.synonyms import Synonyms

LAYOUTS = (
    "COCO, COCO or ADE20K panoptic, LVIS, Objects365, PACO, PartImageNet, Pascal-Part, SA-1B, LabelMe, "
    "label maps, YOLO, a folder for datasets, a project, shards"
)
PARTIMAGENET = frozenset(
    {"quadruped", "biped", "fish", "bird", "snake", "reptile", "car", "bicycle", "boat", "aeroplane", "bottle"}
)


@dataclass(frozen=True)
class _Options:
    images: Path | None
    synonyms: Synonyms
    exhaustive: bool | None
    as_written: bool


def open_data(
    path: Path,
    images: Path | None = None,
    synonyms: Synonyms | None = None,
    exhaustive: bool | None = None,
    as_written: bool = False,
) -> DataSet:
    """Open a data set of any known layout; it is indexed once, its images are read when asked for.

    path: an annotation file, a tar, or a folder. images: folder of the images where it is not beside the annotations.
    synonyms: names to train on; None leaves the names. exhaustive: whether every instance of every category is
    annotated, for COCO files that cannot say so; None leaves it to the layout. as_written: names of layouts that are
    made plain otherwise (``car_(automobile)``) stay as they are.
    Raises BadInput when the path is missing or the layout is not known.
    """
    path = Path(path)
    options = _Options(images, Synonyms() if synonyms is None else synonyms, exhaustive, as_written)
    if images is not None and not images.is_dir():
        raise BadInput(f"no such folder of images: {images}")
    if path.is_dir():
        return _folder(path, options)
    if not path.is_file():
        raise BadInput(f"there is no file or folder {path}")
    return _file(path, options)


def _file(path: Path, options: _Options) -> DataSet:
    if path.suffix == ".tar":
        return Sa1bTars([path])
    if path.suffix == ".mat":
        return PascalPartSet(path, options.images, options.synonyms)
    if path.suffix != ".json":
        raise BadInput(f"{path} is none of {LAYOUTS}: a .json, .mat or .tar file, or a folder, is needed")
    kind = _json_kind(path)
    if kind == "labelme":
        return LabelmeSet(path, options.images, options.synonyms)
    if kind == "sa-1b":
        return Sa1bFolder(path, options.images)
    index = index_rows(path)
    return _layout(index)(index, options.images, options.synonyms, options.exhaustive, options.as_written)


def _json_kind(path: Path) -> str:
    """``labelme`` or ``sa-1b`` for the annotation of one image, else ``rows``; reads no more than it must."""
    for row in JsonRows(path):
        if row.key == "shapes" or row.key == "imagePath":
            return "labelme"
        if row.key == "image" and isinstance(row.value, dict):
            return "sa-1b"
        if row.key in ("images", "categories"):
            break
        if row.key == "annotations" and isinstance(row.value, dict):
            return "rows" if "image_id" in row.value else "sa-1b"
    return "rows"


def _layout(index: RowIndex) -> type[CocoSet]:
    """The reader of a file with images, annotations and categories."""
    image, first = index.first_image, index.first_annotation
    if "segments_info" in first:
        return PanopticSet
    if "kind" in (index.categories or ({},))[0]:
        return CocoSet  # ours
    if "neg_category_ids" in image:
        parts = "obj_ann_id" in first or "part_categories" in index.members or _all(index, _is_paco)
        return PacoSet if parts else LvisSet
    if "isfake" in first or "isreflected" in first:
        return Objects365Set
    if "obj_ann_id" not in first and "part_of" not in first:
        if _all(index, lambda row: ":" in str(row.get("name"))):
            return PascalVlpartSet
        if _all(index, _is_partimagenet):
            return PartImageNetSet
    return CocoSet


def _all(index: RowIndex, test: Any) -> bool:
    return bool(index.categories) and all(test(row) for row in index.categories)


def _is_paco(row: Mapping[str, Any]) -> bool:
    return row.get("supercategory") in ("OBJECT", "PART")


def _is_partimagenet(row: Mapping[str, Any]) -> bool:
    words = str(row.get("name")).lower().split()
    owner = str(row.get("supercategory") or (words or [""])[0]).lower()
    return len(words) > 1 and words[0] in PARTIMAGENET and owner == words[0]


def _folder(path: Path, options: _Options) -> DataSet:
    if (path / "project.toml").is_file():
        return ProjectSet(path, options.synonyms)
    if (path / INDEX).is_file():
        return ShardSet(path)
    if (path / LEGEND).is_file():
        return LabelMapSet(path, options.images, options.synonyms)
    if (path / DATA).is_file():
        return YoloSet(path, options.synonyms, options.as_written)
    if (path / METADATA).is_file() or next(path.glob(f"*/{METADATA}"), None) is not None:
        return ImageFolderSet(path, options.synonyms)
    if all((path / name).is_file() for name in FILES.values()):
        objects, parts = (_file(path / name, options) for name in FILES.values())
        if isinstance(objects, PanopticSet) and isinstance(parts, PanopticSet):
            return PanopticFolder(path, objects, parts)
    tars = sorted(path.glob("*.tar"))
    if tars:
        return Sa1bTars(tars)
    if next(path.rglob("*.mat"), None) is not None:
        return PascalPartSet(path, options.images, options.synonyms)
    found = sorted(islice(path.rglob("*.json"), 1000))
    if not found:
        raise BadInput(f"{path} holds none of {LAYOUTS}")
    kinds = [_json_kind(file) for file in found[:50]]
    listed = [file for file, kind in zip(found, kinds, strict=False) if kind == "rows"]
    if len(found) == len(listed) == 1:
        return _file(found[0], options)
    if listed:
        shown = ", ".join(str(file.relative_to(path)) for file in listed[:5])
        raise BadInput(f"{path} holds several annotation files: name one, such as {shown}")
    if kinds[0] == "labelme":
        return LabelmeSet(path, options.images, options.synonyms)
    return Sa1bFolder(path, options.images)
