"""What is written, whichever the format: images with their masks, names of masks, where the pictures are."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from semsam_annotate.annotations.categories import UNLABELLED, Category
from semsam_annotate.annotations.coco import Frame as FrameKey
from semsam_annotate.annotations.coco import file_names
from semsam_annotate.annotations.part_json import object_of
from semsam_annotate.annotations.record import Annotation, ImageRef, Plane
from semsam_annotate.annotations.splits import Split
from semsam_annotate.api import BadInput, Vocabulary

Picture = Callable[[ImageRef], Path]


@dataclass(frozen=True)
class Frame:
    """One plane of an image with its masks in the order of acceptance.

    ``id``: from 1. ``name``: of the image file. ``stem``: what files of this frame are called, without ending, no two
    alike, never outside the folder that it is meant in.
    """

    id: int
    ref: ImageRef
    plane: Plane
    name: str
    stem: str
    split: str | None
    records: tuple[Annotation, ...]


@dataclass(frozen=True)
class Scene:
    """Everything that is written.

    ``categories``: by id of the mask. ``objects``: every class. ``bare``: images without masks, which are no frames:
    in most formats they would say that nothing is to be seen there.
    """

    frames: tuple[Frame, ...]
    categories: Mapping[str, Category]
    objects: tuple[str, ...]
    bare: int = 0
    picture: Picture | None = None

    def copied(self, ref: ImageRef) -> Path:
        """The image's file; BadInput where nobody knows it."""
        if self.picture is None:
            raise BadInput("this format holds copies of the images: export it from a project")
        return self.picture(ref)


def scene_of(
    images: Sequence[ImageRef],
    records: Sequence[Annotation],
    splits: Mapping[str, Split],
    vocabulary: Vocabulary,
    picture: Picture | None = None,
) -> Scene:
    """The masks of ``records`` by image and plane; a part has the name of the nearest object above it."""
    by_id = {record.id: record for record in records}
    above = {record.id: object_of(record, by_id) for record in records}
    categories = {record.id: _category(record, above[record.id]) for record in records}
    bare = len({ref.sha256 for ref in images} - {record.image.sha256 for record in records})
    return Scene(tuple(_frames(records, splits)), categories, tuple(vocabulary.objects), bare, picture)


def _category(record: Annotation, owner: Annotation | None) -> Category:
    named = record.object if owner is None else owner.object
    return Category(named or UNLABELLED, None if record.kind == "object" else record.part or UNLABELLED)


def _frames(records: Sequence[Annotation], splits: Mapping[str, Split]) -> Iterable[Frame]:
    refs = {record.image.sha256: record.image for record in records}
    grouped: dict[FrameKey, list[Annotation]] = {}
    for record in sorted(records, key=lambda record: (record.time, record.id)):
        grouped.setdefault((record.image.sha256, record.plane), []).append(record)
    names = file_names(refs.values())
    taken: set[str] = set()
    for number, (sha, plane) in enumerate(sorted(grouped, key=lambda key: (names[key[0]], *key)), start=1):
        split = splits.get(sha)
        masks = tuple(grouped[sha, plane])
        stem = _stem(names[sha], plane, taken)
        yield Frame(number, refs[sha], plane, names[sha], stem, None if split is None else split.split, masks)


def _stem(name: str, plane: Plane, taken: set[str]) -> str:
    """A name that no other has, small and capital letters alike (as on most desktops)."""
    parts = [part.replace(":", "_") for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("..", "/")]
    path = PurePosixPath(*parts) if parts else PurePosixPath("image")
    base = f"{path.with_suffix('')}{''.join(f'-{index}' for index in plane)}"
    tried = base if base.lower() not in taken else f"{base}-{path.suffix[1:]}"
    number = 2
    while tried.lower() in taken:
        tried, number = f"{base}-{number}", number + 1
    taken.add(tried.lower())
    return tried
