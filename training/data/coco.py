"""COCO instance JSON with parts: an index of what each image holds; pictures and masks are decoded when asked for."""

import json
import re
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps
from pycocotools import mask as coco_mask

from semsam_annotate.api import BadInput
from semsam_annotate.training.data.record import OBJECT, PART, UNKNOWN, Names, TrainingImage
from semsam_annotate.training.data.resize import fit, shrink_masks

NO_LABEL = frozenset({"region", "segment", "object"})
"""Category names that say nothing about what is seen (BSDS, SA-1B exports): the mask is class-agnostic."""


@dataclass(frozen=True)
class ImageEntry:
    """One image of a data set, not decoded yet: file, size in pixels, run-length masks and names.

    ``segments``: per mask the compressed COCO RLE as pycocotools takes it (``size``, ``counts`` as bytes), at image
    size. The rest as in ``TrainingImage``; ``ids``: the annotations' ids.
    """

    path: Path
    height: int
    width: int
    segments: tuple[dict[str, Any], ...]
    kinds: tuple[int, ...]
    objects: Names
    parts: Names
    parents: tuple[int, ...]
    source: str = ""
    license_class: str = "unknown"
    ids: tuple[int, ...] = ()

    def load(self, max_side: int | None = None) -> TrainingImage:
        """Decode at the image's size, or with its longer side shrunk to ``max_side``; masks that vanish are dropped."""
        height, width = fit(self.height, self.width, max_side)
        image = self._picture(height, width)
        full = decode_segments(self.segments, self.height, self.width)
        masks = shrink_masks(full, height, width)
        sample = TrainingImage(
            image, masks, np.array(self.kinds, np.int8), self.objects, self.parts, np.array(self.parents, np.int64)
        )
        return sample.select(np.array([mask.any() for mask in masks], bool))

    def _picture(self, height: int, width: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
        try:
            with Image.open(self.path) as file:
                turned = file.getexif().get(0x0112, 1) >= 5
                size = (file.height, file.width) if turned else (file.width, file.height)
                if size != (self.width, self.height):
                    raise BadInput(
                        f"{self.path} is {size[0]}x{size[1]}, its annotation says {self.width}x{self.height}"
                    )
                file.draft("RGB", (height, width) if turned else (width, height))
                upright = ImageOps.exif_transpose(file).convert("RGB")
        except FileNotFoundError as error:
            raise BadInput(f"the image {self.path} is annotated but not there") from error
        except OSError as error:
            raise BadInput(f"{self.path} cannot be read as an image: {error}") from error
        if upright.size != (width, height):
            upright = upright.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=3.0)
        return np.asarray(upright)


def read_coco(annotations: Path, images: Path, licenses: Collection[str] | None = None) -> list[ImageEntry]:
    """Index a COCO instance file: the images in file order that have at least one non-crowd mask.

    annotations: the JSON file. images: folder that ``file_name`` (or its last component) is looked up in.
    licenses: keep only images whose ``license_class`` is among these; None keeps all.
    Categories ``object/part`` or ``object:part`` are split; ``kind`` decides where it is present; ``part_of`` links
    masks.
    Raises BadInput for a file that is not COCO, an unknown category or image, and polygons without an area.
    """
    return index_content(read_content(annotations), annotations, images, licenses)


def index_content(
    content: dict[str, Any], annotations: Path, images: Path, licenses: Collection[str] | None = None
) -> list[ImageEntry]:
    """``read_coco`` of what ``read_content`` gave; ``annotations`` is only named in messages."""
    try:
        return _index(content, annotations, images, licenses)
    except BadInput:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"{annotations} is not COCO: a field is missing or wrong ({error!r})") from error


def _index(
    content: dict[str, Any], annotations: Path, images: Path, licenses: Collection[str] | None
) -> list[ImageEntry]:
    categories = {int(row["id"]): split_category(row) for row in content["categories"]}
    by_image: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in content["annotations"]:
        if not row.get("iscrowd"):
            by_image[int(row["image_id"])].append(row)
    unknown = by_image.keys() - {int(row["id"]) for row in content["images"]}
    if unknown:
        raise BadInput(f"{annotations}: annotations name image {min(unknown)}, which the file does not list")
    return [
        _entry(row, by_image[int(row["id"])], categories, images)
        for row in content["images"]
        if by_image.get(int(row["id"])) and (licenses is None or row.get("license_class", "unknown") in licenses)
    ]


def split_category(row: dict[str, Any]) -> tuple[int, str | None, str | None]:
    """(kind, object name, bare part name) of a COCO category; names without meaning become None."""
    name = str(row["name"]).strip()
    pieces = re.split(r"[/:]", name, maxsplit=1)
    stated = str(row.get("kind", "")).lower()
    if stated == "part" or (not stated and (len(pieces) == 2 or row.get("supercategory") == "PART")):
        return (PART, pieces[0], pieces[1]) if len(pieces) == 2 else (PART, None, name)
    return (UNKNOWN, None, None) if name.lower() in NO_LABEL else (OBJECT, name, None)


def decode_segments(
    segments: Collection[dict[str, Any]], height: int, width: int
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """(N, height, width) bool masks of compressed RLEs, all of that size; each mask is stored column by column."""
    if not segments:
        return np.zeros((0, height, width), bool)
    try:
        decoded = coco_mask.decode(list(segments))
    except ValueError as error:
        raise BadInput(f"a mask's runs do not fill its size {height}x{width}") from error
    if decoded.shape[:2] != (height, width):
        raise BadInput(f"a mask has size {decoded.shape[0]}x{decoded.shape[1]}, its image is {height}x{width}")
    return np.asarray(decoded.transpose(2, 0, 1).view(np.bool_))


def read_content(path: Path) -> dict[str, Any]:
    """A COCO file as parsed JSON; BadInput unless it has the lists images, annotations and categories."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict) or any(
        not isinstance(content.get(k), list) for k in ("images", "annotations", "categories")
    ):
        raise BadInput(f"{path} is not COCO: it needs the lists images, annotations and categories")
    return content


def _entry(
    image: dict[str, Any],
    rows: list[dict[str, Any]],
    categories: dict[int, tuple[int, str | None, str | None]],
    folder: Path,
) -> ImageEntry:
    height, width = int(image["height"]), int(image["width"])
    index = {row.get("id"): position for position, row in enumerate(rows)}
    parents = tuple(index.get(row.get("part_of"), -1) if row.get("part_of") is not None else -1 for row in rows)
    for row in rows:
        if int(row["category_id"]) not in categories:
            raise BadInput(
                f"annotation {row.get('id')} has category {row['category_id']}, which the file does not list"
            )
    kinds, objects, parts = zip(*(categories[int(row["category_id"])] for row in rows), strict=True)
    owners = tuple(
        objects[parent] if name is None and kind == PART and parent >= 0 else name
        for kind, name, parent in zip(kinds, objects, parents, strict=True)
    )
    return ImageEntry(
        path=_locate(folder, str(image["file_name"])),
        height=height,
        width=width,
        segments=tuple(_segment(row, height, width) for row in rows),
        kinds=kinds,
        objects=owners,
        parts=parts,
        parents=parents,
        source=str(image.get("source", "")),
        license_class=str(image.get("license_class", "unknown")),
        ids=tuple(int(row.get("id", position)) for position, row in enumerate(rows)),
    )


def _locate(folder: Path, file_name: str) -> Path:
    named = Path(folder) / file_name
    inside = named.resolve().is_relative_to(Path(folder).resolve())
    return named if inside and named.exists() else Path(folder) / Path(file_name).name


def _segment(row: dict[str, Any], height: int, width: int) -> dict[str, Any]:
    """A compressed RLE from any of COCO's three ways to write a mask: polygons, plain runs, compressed runs."""
    given = row.get("segmentation")
    if isinstance(given, list):
        if not given or any(len(polygon) < 6 or len(polygon) % 2 for polygon in given):
            raise BadInput(f"annotation {row.get('id')}: a polygon needs at least three points, x and y each")
        return dict(coco_mask.merge(coco_mask.frPyObjects(given, height, width)))
    if not isinstance(given, dict) or "counts" not in given or list(given.get("size", ())) != [height, width]:
        raise BadInput(f"annotation {row.get('id')}: the mask needs counts and the image's size [{height}, {width}]")
    if isinstance(given["counts"], list):
        return dict(coco_mask.frPyObjects(given, height, width))
    return {"size": [height, width], "counts": str(given["counts"]).encode("ascii", "replace")}
