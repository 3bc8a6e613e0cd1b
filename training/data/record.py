"""The one record that every reader, the scenes and the augmentation hand on: an image with its masks and names."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Flag, auto
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import BadInput

OBJECT, PART, UNKNOWN = 0, 1, -1
"""What a mask is of: a whole object, a part of one, or not known (class-agnostic data)."""

Names: TypeAlias = tuple[str | None, ...]


Edges: TypeAlias = tuple[float, float, float, float]
"""Of a window: x0, y0, x1, y1 in 0..1 of the image."""


class Named(Protocol):
    """Whatever has names of masks, as a ``TrainingImage``."""

    @property
    def objects(self) -> Names:
        """What each mask is of."""

    @property
    def parts(self) -> Names:
        """Bare part names."""


class Supervision(Flag):
    """What an image can teach: outlines of masks, boxes without outlines, names."""

    NONE = 0
    MASKS = auto()
    BOXES = auto()
    NAMES = auto()


class MaskNames(NamedTuple):
    """The names of an image's masks alone."""

    objects: Names
    parts: Names


@dataclass(frozen=True)
class TrainingImage:
    """One annotated image.

    image: (H, W, 3) uint8 RGB. masks: (N, H, W) bool. kinds: (N,) int8, 0 object, 1 part, -1 unknown.
    objects: what each mask is or, for a part, what it belongs to; None = not known.
    parts: bare part names; None for objects and where not known. parents: (N,) int64 index of the direct parent or -1.
    complete: everything that has one of the names is there, so that whatever else is found is wrong.
    boxed: (N,) bool, the masks of which only the box is known: its pixels stand for it, and teach nothing but the box;
    None for none. exhaustive: object names of which every instance in the image has its mask here, so that one more is
    wrong; those of them without a mask are known to be absent. About all other names nothing is known. Bare part names
    are among them with a colon in front: of whatever object, every such part is here. shown: edges x0, y0, x1, y1 of
    the picture in 0..1 of the image, beyond which there is padding.

    Raises BadInput when the shapes disagree or the parents form a cycle.
    """

    image: NDArray[np.uint8]
    masks: NDArray[np.bool_]
    kinds: NDArray[np.int8]
    objects: Names
    parts: Names
    parents: NDArray[np.int64]
    complete: bool = False
    boxed: NDArray[np.bool_] | None = None
    exhaustive: frozenset[str] = frozenset()
    shown: Edges = (0.0, 0.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise BadInput(f"an image is (H, W, 3) uint8, this one is {self.image.shape} {self.image.dtype}")
        if self.masks.ndim != 3 or self.masks.shape[1:] != self.image.shape[:2] or self.masks.dtype != np.bool_:
            raise BadInput(
                f"the masks of a {self.image.shape[0]}x{self.image.shape[1]} image are (N, H, W) bool, "
                f"these are {self.masks.shape} {self.masks.dtype}"
            )
        lengths = {
            len(rows) for rows in (self.masks, self.kinds, self.objects, self.parts, self.parents, self.box_only)
        }
        if len(lengths) != 1:
            raise BadInput("masks, kinds, objects, parts and parents have one entry a mask, here their lengths differ")
        check_parents(self.parents)

    def __len__(self) -> int:
        return len(self.masks)

    @property
    def box_only(self) -> NDArray[np.bool_]:
        """(N,) bool: masks of which only the box is known."""
        return np.zeros(len(self.masks), bool) if self.boxed is None else self.boxed

    @property
    def supervision(self) -> Supervision:
        """What can be learned from it."""
        return supervision_of(self.box_only, self.objects, self.parts)

    def select(self, keep: NDArray[np.bool_]) -> "TrainingImage":
        """Only the masks where ``keep`` (N,) is true; a child of a dropped mask moves to the nearest kept ancestor."""
        chosen = np.flatnonzero(keep)
        return replace(
            self,
            masks=self.masks[chosen],
            kinds=self.kinds[chosen],
            objects=tuple(self.objects[index] for index in chosen),
            parts=tuple(self.parts[index] for index in chosen),
            parents=relink(self.parents, keep),
            boxed=None if self.boxed is None else self.boxed[chosen],
        )


def part_entry(name: str) -> str:
    """How ``exhaustive`` writes a bare part name."""
    return f":{name}"


def supervision_of(boxed: Iterable[bool], objects: Names, parts: Names) -> Supervision:
    """Of masks that are outlines or boxes, and their names."""
    kinds = set(map(bool, boxed))
    outlines = Supervision.MASKS if False in kinds else Supervision.NONE
    boxes = Supervision.BOXES if True in kinds else Supervision.NONE
    return outlines | boxes | (Supervision.NAMES if any(objects) or any(parts) else Supervision.NONE)


def check_parents(parents: NDArray[np.int64]) -> None:
    """Raise BadInput unless (N,) ``parents`` are -1 or indices below N without a cycle."""
    count = len(parents)
    if count and (parents.min() < -1 or parents.max() >= count):
        raise BadInput(f"a parent is -1 or the index of one of the {count} masks")
    above = parents
    for _ in range(count):
        if not (above >= 0).any():
            return
        above = np.where(above >= 0, parents[above], -1)
    if count and (above >= 0).any():
        raise BadInput("the parents form a cycle")


def relink(parents: NDArray[np.int64], keep: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Parents among the kept masks only, as indices into what is kept: the nearest kept ancestor or -1."""
    above = parents.copy()
    while True:
        lost = (above >= 0) & ~keep[above]
        if not lost.any():
            break
        above[lost] = parents[above[lost]]
    renumbered = np.append(np.cumsum(keep) - 1, -1)
    return np.asarray(renumbered[above][keep], dtype=np.int64)
