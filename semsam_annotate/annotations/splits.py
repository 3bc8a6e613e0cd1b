"""Which images train and which validate: told once per image and never changed, so that scores stay comparable."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, insert, select

from semsam_annotate.annotations.connection import transaction
from semsam_annotate.annotations.schema import image, image_split
from semsam_annotate.api import BadInput

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Split of an image, and the group (a sequence, near-duplicates) that shares it."""

    split: str
    group: str | None = None


class Splits:
    """Splits of a store's images."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> dict[str, Split]:
        """Split of every image that has one, by the image's sha256."""
        with transaction(self._engine) as connection:
            rows = connection.execute(select(image_split)).mappings()
            return {row["sha256"]: Split(row["split"], row["group_name"]) for row in rows}

    def number(self) -> int:
        """Of images that have one; none ever loses it, so while it stays the same all of them do."""
        with transaction(self._engine) as connection:
            return int(connection.execute(select(func.count()).select_from(image_split)).scalar_one())

    def get(self, sha256: str) -> Split | None:
        """Split of an image, None when it has none yet."""
        with transaction(self._engine) as connection:
            row = connection.execute(select(image_split).where(image_split.c.sha256 == sha256)).mappings().first()
        return None if row is None else Split(row["split"], row["group_name"])

    def assign(self, sha256: str, split: str, group: str | None = None) -> Split:
        """Give a registered image its split, once: one that it or its group has stays. The split it has now."""
        with transaction(self._engine, write=True) as connection:
            return assign_split(connection, sha256, Split(split, group))


def assign_split(connection: Connection, sha256: str, wanted: Split) -> Split:
    """``Splits.assign`` inside a transaction."""
    if wanted.split not in SPLITS:
        raise BadInput(f"a split is one of {', '.join(SPLITS)}, not {wanted.split!r}")
    found = connection.execute(select(image_split).where(image_split.c.sha256 == sha256)).mappings().first()
    if found is not None:
        return Split(found["split"], found["group_name"])
    if connection.execute(select(image.c.sha256).where(image.c.sha256 == sha256)).first() is None:
        raise BadInput(f"image {sha256} is not in the store: register it before it gets a split")
    chosen = wanted
    if wanted.group is not None:
        same = select(image_split.c.split).where(image_split.c.group_name == wanted.group).limit(1)
        chosen = Split(connection.execute(same).scalar() or wanted.split, wanted.group)
    connection.execute(insert(image_split).values(sha256=sha256, split=chosen.split, group_name=chosen.group))
    return chosen


def hashed_split(key: str, validation: float) -> str:
    """Split that follows from a key (a group or an image's sha256) alone, the same on every machine."""
    share = int.from_bytes(hashlib.sha256(key.encode("utf-8")).digest()[:8], "big") / 2**64
    return "validation" if share < validation else "train"
