"""Images with masks from any layout, whoever read it, as records with ids that follow from what they are."""

import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from semsam_annotate.annotations.categories import UNLABELLED, Category
from semsam_annotate.annotations.coco_images import CocoImage
from semsam_annotate.annotations.coco_read import CocoContent
from semsam_annotate.annotations.content_ids import content_id
from semsam_annotate.annotations.drafts import checked
from semsam_annotate.annotations.hierarchy import parents_first
from semsam_annotate.annotations.images import image_sha256, read_image
from semsam_annotate.annotations.record import Annotation, ImageRef, Kind
from semsam_annotate.annotations.splits import SPLITS, Split
from semsam_annotate.api import BadInput, Rle, decode_rle, encode_rle, rle_area

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class GivenMask:
    """A mask at image size. ``parent``: place in the image's list, -1 for none; ``facts``: more fields of a record."""

    mask: Rle
    kind: Kind
    object: str | None = None
    part: str | None = None
    parent: int = -1
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class GivenImage:
    """An image file, its size in pixels and its masks. ``split``: train, validation or test, None where nobody says."""

    path: Path
    height: int
    width: int
    masks: tuple[GivenMask, ...]
    split: str | None = None


def foreign_content(
    source: Path, layout: str, images: Sequence[GivenImage], progress: Progress | None = None
) -> CocoContent:
    """What is to be stored of ``images`` that were read from ``source``, a file or folder of a ``layout``.

    A mask keeps the id that it has in ``facts`` where that is a UUID and no other mask had it; else its id follows from
    the image's pixels, the mask and its names, so that what is imported twice is there once. ``progress(done, total)``
    per image read.
    Raises BadInput: an image is missing or of another size, a mask is damaged, images have no folder in common.
    """
    root = _common_folder(source, [image.path for image in images])
    content = CocoContent(source, root, [], [])
    ids = _Ids(content.derived)
    start = datetime.now(UTC)
    for number, image in enumerate(images, start=1):
        known = _read(image, root)
        content.images.append(known)
        for record in _records(image, known.ref, layout, ids.of(image.masks, known.ref.sha256)):
            if rle_area(record.mask) == 0:
                content.empty += 1
                continue
            time = start + timedelta(microseconds=len(content.records))  # keeps the order
            content.records.append(checked(record.with_(time=time.isoformat(timespec="microseconds"))))
        if progress is not None:
            progress(number, len(images))
    content.categories = sorted({_category(record) for record in content.records}, key=lambda item: item.name)
    return content


def _common_folder(source: Path, paths: Sequence[Path]) -> Path:
    """The folder that all images are in, below it or in it: it joins the project, so it cannot be the whole disk."""
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise BadInput(f"{source}: {len(missing)} of {len(paths)} images are not there, such as {missing[0]}")
    if not paths:
        raise BadInput(f"{source} holds no images")
    folders = {str(path.parent.resolve()) for path in paths}
    try:
        root = Path(os.path.commonpath(folders))
    except ValueError:  # two drives
        root = Path("/")
    if len(root.parts) < 2:
        raise BadInput(f"{source}: its images lie in folders that have nothing in common, bring them together first")
    return root


def _read(image: GivenImage, root: Path) -> CocoImage:
    rgb = read_image(image.path)
    height, width = int(rgb.shape[0]), int(rgb.shape[1])
    if (height, width) != (image.height, image.width):
        raise BadInput(f"{image.path} is {width}x{height}, its masks are for {image.width}x{image.height}")
    if image.split is not None and image.split not in SPLITS:
        raise BadInput(f"{image.path}: a split is one of {', '.join(SPLITS)}, not {image.split!r}")
    path = image.path.parent.resolve() / image.path.name
    name = path.relative_to(root).as_posix()
    split = None if image.split is None else Split(image.split)
    return CocoImage(ImageRef(image_sha256(rgb), name, height, width), (), split, path)


def _records(image: GivenImage, ref: ImageRef, layout: str, ids: Sequence[str]) -> Iterator[Annotation]:
    """Parents first; ``ids``: of the masks."""
    above = {place: mask.parent if mask.parent >= 0 else None for place, mask in enumerate(image.masks)}
    for place in parents_first(above):
        mask, parent = image.masks[place], above[place]
        try:
            yield _record(mask, ref, ids[place], None if parent is None else ids[parent], layout)
        except (BadInput, TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
            raise BadInput(f"{image.path.name}, mask {place + 1}: {error}") from error


def _record(mask: GivenMask, ref: ImageRef, id: str, parent: str | None, layout: str) -> Annotation:
    plain = {
        **{name: value for name, value in mask.facts.items() if name != "id"},
        "id": id,
        "image": {"sha256": ref.sha256, "path": ref.path, "height": ref.height, "width": ref.width},
        "mask": encode_rle(decode_rle(mask.mask)),
        "kind": mask.kind,
        "object": None if mask.object == UNLABELLED else mask.object,
        "part": None if mask.part == UNLABELLED else mask.part,
        "part_of": parent,
        "source": {"system": layout, "project": ref.sha256, "external_id": id},
    }
    return Annotation.from_json(plain)


class _Ids:
    """Ids of masks: their own, or such as follow from what they are. ``derived`` gets the latter."""

    def __init__(self, derived: set[str]) -> None:
        self._derived = derived
        self._owners: dict[str, tuple[str, GivenMask]] = {}

    def of(self, masks: Sequence[GivenMask], sha256: str) -> list[str]:
        """Of the masks of an image. An own id that another mask had is none: somebody copied it."""
        seen: Counter[str] = Counter()
        return [self._own(mask, sha256) or self._other(mask, sha256, seen) for mask in masks]

    def _own(self, mask: GivenMask, sha256: str) -> str | None:
        try:
            id = str(uuid.UUID(mask.facts.get("id")))
        except (ValueError, TypeError, AttributeError):
            return None
        known, first = self._owners.setdefault(id, (sha256, mask))
        same = (known, first.mask, first.kind, first.object, first.part)
        return id if same == (sha256, mask.mask, mask.kind, mask.object, mask.part) else None

    def _other(self, mask: GivenMask, sha256: str, seen: Counter[str]) -> str:
        id = content_id(sha256, mask.kind, mask.object, mask.part, str(mask.mask["counts"]), seen)
        self._derived.add(id)
        return id


def _category(record: Annotation) -> Category:
    part = None if record.kind == "object" else record.part or UNLABELLED
    return Category(record.object or UNLABELLED, part)
