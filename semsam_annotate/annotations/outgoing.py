"""What an export writes, a few images at a time, so that it need not fit into memory."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

from sqlalchemy import Connection, select

from semsam_annotate.annotations.batches import batches
from semsam_annotate.annotations.exported_names import exported_names
from semsam_annotate.annotations.record import Annotation, ImageRef, Kind, Plane
from semsam_annotate.annotations.rows import (
    image_refs,
    read_records,
    select_records,
)
from semsam_annotate.annotations.schema import annotation, image, standing
from semsam_annotate.annotations.splits import Split
from semsam_annotate.annotations.standing import state_of_record
from semsam_annotate.annotations.succession import current, successors

IMAGES_AT_ONCE = 200


class Light(NamedTuple):
    """What a record is called and where it belongs, without its mask."""

    id: str
    sha256: str
    plane: Plane
    kind: Kind
    object: str | None
    part: str | None
    part_of: str | None


class Outgoing(Protocol):
    """Images, their splits, and their records by the image."""

    @property
    def images(self) -> Sequence[ImageRef]:
        """Every image, annotated or not."""

    @property
    def splits(self) -> Mapping[str, Split]:
        """By sha256."""

    @property
    def names(self) -> Mapping[str, str]:
        """What the images are called in the file, by sha256."""

    def light(self, images: Sequence[str]) -> list[Light]:
        """The records of some images, by their sha256, without masks."""

    def records(self, images: Sequence[str]) -> list[Annotation]:
        """The records of some images."""


@dataclass(frozen=True)
class Held:
    """Records that are in memory already."""

    images: Sequence[ImageRef]
    splits: Mapping[str, Split]
    by_image: Mapping[str, list[Annotation]]

    @classmethod
    def of(cls, images: Sequence[ImageRef], records: Sequence[Annotation], splits: Mapping[str, Split]) -> "Held":
        """``records`` and their images, ``images`` further ones."""
        refs = {ref.sha256: ref for ref in [*images, *(record.image for record in records)]}
        by_image: dict[str, list[Annotation]] = {sha: [] for sha in refs}
        for record in records:
            by_image[record.image.sha256].append(record)
        return cls(list(refs.values()), splits, by_image)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """As ``Outgoing`` says."""
        return exported_names(self.images)

    def light(self, images: Sequence[str]) -> list[Light]:
        """As ``Outgoing`` says."""
        return [
            Light(one.id, one.image.sha256, one.plane, one.kind, one.object, one.part, one.part_of)
            for one in self.records(images)
        ]

    def records(self, images: Sequence[str]) -> list[Annotation]:
        """As ``Outgoing`` says."""
        return [record for sha in images for record in self.by_image[sha]]


class Stored:
    """Accepted records of a store, read in a transaction that stays open.

    ``time``: as they were then; ``folders``: of images, as the project has them.
    """

    def __init__(
        self,
        connection: Connection,
        splits: Mapping[str, Split],
        time: str | None = None,
        folders: Sequence[str] = (),
    ) -> None:
        self._connection, self._time = connection, time
        self.splits = splits
        self.images: Sequence[ImageRef] = image_refs(
            connection.execute(select(image).order_by(image.c.path, image.c.sha256)).mappings()
        )
        self._folders = folders

    def any(self) -> bool:
        """Whether there is a record at all."""
        query = select(annotation.c.id).join_from(annotation, standing)
        found = query.where(state_of_record("status", self._time) == "accepted").limit(1)
        return self._connection.execute(found).first() is not None

    @cached_property
    def names(self) -> Mapping[str, str]:
        """As ``Outgoing`` says."""
        return exported_names(self.images, self._folders)

    def light(self, images: Sequence[str]) -> list[Light]:
        """As ``Outgoing`` says."""
        names = ("id", "sha256", "plane", "kind", "object", "part", "part_of")
        query = select(*(annotation.c[name] for name in names)).join_from(annotation, standing)
        query = query.where(annotation.c.sha256.in_(images), state_of_record("status", self._time) == "accepted")
        rows = self._connection.execute(query.order_by(annotation.c.seq)).all()
        heirs = successors(self._connection, {row.part_of for row in rows} - {None}, self._time)
        return [
            Light(row.id, row.sha256, tuple(row.plane), row.kind, row.object, row.part, current(row.part_of, heirs))
            for row in rows
        ]

    def records(self, images: Sequence[str]) -> list[Annotation]:
        """As ``Outgoing`` says."""
        query = select_records(self._time).where(state_of_record("status", self._time) == "accepted")
        found: list[Annotation] = []
        for some in image_batches(images):
            few = query.where(annotation.c.sha256.in_(some))
            found += read_records(self._connection, few, self._time)
        return found


def image_batches(images: Iterable[str]) -> Iterator[list[str]]:
    """``images`` a few at a time: so many have their masks in memory."""
    yield from batches(images, IMAGES_AT_ONCE)
