"""What is written, whichever the format: images with their masks, names of masks, where the pictures are."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from semsam_annotate.annotations.categories import Category
from semsam_annotate.annotations.coco import Frame as FrameKey
from semsam_annotate.annotations.coco import category_of
from semsam_annotate.annotations.hierarchy import Node, object_of
from semsam_annotate.annotations.outgoing import Outgoing, image_batches
from semsam_annotate.annotations.record import Annotation, ImageRef, Plane
from semsam_annotate.api import BadInput, Vocabulary

Picture = Callable[[ImageRef], Path]
Passed = Callable[[int], None]
"""Told every few images how many were passed."""


@dataclass(frozen=True)
class Head:
    """One plane of an image that has masks, without these.

    ``id``: from 1. ``name``: of the image file. ``stem``: what files of this frame are called, without ending, no two
    alike, never outside the folder that it is meant in.
    """

    id: int
    ref: ImageRef
    plane: Plane
    name: str
    stem: str
    split: str | None


@dataclass(frozen=True)
class Frame(Head):
    """The same with its masks in the order of acceptance; ``categories``: by id of the mask."""

    records: tuple[Annotation, ...]
    categories: Mapping[str, Category]


@dataclass(frozen=True)
class Scene:
    """Everything that is written.

    ``used``: how many masks every category has. ``objects``: every class. ``bare``: images without masks, which are no
    frames: in most formats they would say that nothing is to be seen there. ``in_planes``: masks in planes of stacks,
    where these were left out.
    """

    heads: tuple[Head, ...]
    used: Counter[Category]
    objects: tuple[str, ...]
    bare: int
    in_planes: int
    outgoing: Outgoing
    picture: Picture | None
    passed: Passed

    def frames(self) -> Iterator[Frame]:
        """Every frame, in the order of ``heads``; read anew at each call, a few images at a time."""
        by_image: dict[str, list[Head]] = {}
        for head in self.heads:
            by_image.setdefault(head.ref.sha256, []).append(head)
        for batch in image_batches(by_image):
            records: dict[str, list[Annotation]] = {sha: [] for sha in batch}
            for record in self.outgoing.records(batch):
                records[record.image.sha256].append(record)
            for sha in batch:
                yield from _frames(by_image[sha], records.pop(sha))
            self.passed(len(batch))

    def copied(self, ref: ImageRef) -> Path:
        """The image's file; BadInput where nobody knows it."""
        if self.picture is None:
            raise BadInput("this format holds copies of the images: export it from a project")
        return self.picture(ref)


def scene_of(
    outgoing: Outgoing,
    vocabulary: Vocabulary,
    picture: Picture | None = None,
    planes: bool = True,
    passed: Passed = lambda images: None,
) -> Scene:
    """The masks by image and plane, none of them read yet; a part has the name of the nearest object above it.

    ``planes``: whether planes of stacks are frames, too.
    """
    refs = {ref.sha256: ref for ref in outgoing.images}
    names = outgoing.names
    found, used, annotated, in_planes = list[FrameKey](), Counter[Category](), set[str](), 0
    for batch in image_batches(sorted(refs, key=lambda sha: (names[sha], sha))):
        rows = outgoing.light(batch)
        taken = [row for row in rows if planes or not row.plane]
        annotated |= {row.sha256 for row in rows}
        in_planes += len(rows) - len(taken)
        used.update(_categories(taken, rows).values())
        keys = {(row.sha256, row.plane) for row in taken}
        found += sorted(keys, key=lambda key: (names[key[0]], *key))
        passed(len(batch))
    heads = tuple(_heads(found, refs, names, outgoing))
    bare = len(refs.keys() - annotated)
    return Scene(heads, used, tuple(vocabulary.objects), bare, in_planes, outgoing, picture, passed)


def _categories(wanted: Sequence[Node], rows: Sequence[Node]) -> dict[str, Category]:
    """By id; ``rows``: everything of their images, since the object above may lie in another plane."""
    by_id = {row.id: row for row in rows}
    return {row.id: category_of(row, (object_of(row, by_id) or row).object) for row in wanted}


def _heads(
    keys: Sequence[FrameKey], refs: Mapping[str, ImageRef], names: Mapping[str, str], outgoing: Outgoing
) -> Iterator[Head]:
    taken: set[str] = set()
    for number, (sha, plane) in enumerate(keys, start=1):
        split = outgoing.splits.get(sha)
        stem = _stem(names[sha], plane, taken)
        yield Head(number, refs[sha], plane, names[sha], stem, None if split is None else split.split)


def _frames(heads: Sequence[Head], records: Sequence[Annotation]) -> Iterator[Frame]:
    """Of one image."""
    ordered = sorted(records, key=lambda record: (record.time, record.id))
    categories = _categories(ordered, ordered)
    for head in heads:
        yield Frame(
            **vars(head), records=tuple(one for one in ordered if one.plane == head.plane), categories=categories
        )


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
