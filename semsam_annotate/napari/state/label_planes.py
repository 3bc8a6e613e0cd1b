"""Masks that lie over each other as images of numbers: as many as nesting and overlaps need, so that none is lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.napari.state.accepted import AcceptedMask

MOST_PLANES = 24
"""Of one picture; a few hundred masks over each other would fill the memory."""


@dataclass(frozen=True, eq=False)
class LabelPlane:
    """``labels``: (H, W) int32, 0 where no mask is. ``masks``: by their value, which no other plane uses."""

    name: str
    labels: NDArray[np.int32]
    masks: dict[int, AcceptedMask] = field(default_factory=dict)


def label_planes(masks: Sequence[AcceptedMask], size: tuple[int, int]) -> tuple[list[LabelPlane], int]:
    """Planes of a picture of (height, width), objects first, then parts, then their parts; and how many masks are left.

    Masks of one level share a plane where they do not overlap; a mask is left only when ``MOST_PLANES`` are full.
    """
    numbers, by_id = number_of(masks), {mask.id: mask for mask in masks}
    levels: dict[int, list[LabelPlane]] = {}
    left = 0
    for mask in masks:
        level = _level(mask, by_id)
        planes = levels.setdefault(level, [])
        plane = next((plane for plane in planes if _is_free(plane, mask)), None)
        if plane is None and sum(map(len, levels.values())) >= MOST_PLANES:
            left += 1
            continue
        if plane is None:
            plane = LabelPlane(_name(level, len(planes)), np.zeros(size, np.int32))
            planes.append(plane)
        _draw(plane, numbers[mask.id], mask)
    return [plane for _, planes in sorted(levels.items()) for plane in planes], left


def number_of(masks: Sequence[AcceptedMask]) -> dict[str, int]:
    """Label value of every mask of a picture by its id, from 1 on."""
    return {mask.id: number for number, mask in enumerate(masks, start=1)}


def mask_table(masks: Mapping[int, AcceptedMask], numbers: Mapping[str, int]) -> dict[str, list[Any]]:
    """Columns of a labels layer's table; ``index`` ties a row to a label value, row 0 is the background.

    ``part_of``: label value, in this layer or another of the picture, of what a mask is a part of; 0 for none.
    """
    listed = list(masks.values())
    return {
        "index": [0, *masks],
        "object": ["", *(mask.object or "" for mask in listed)],
        "part": ["", *(mask.part or "" for mask in listed)],
        "part_of": [0, *(numbers.get(mask.part_of or "", 0) for mask in listed)],
        "score": [0.0, *(mask.score for mask in listed)],
    }


def _level(mask: AcceptedMask, by_id: Mapping[str, AcceptedMask]) -> int:
    """Number of masks above it; a part whose object is not there is on the level of parts."""
    level, seen = 0, {mask.id}
    while (above := by_id.get(mask.part_of or "")) is not None and above.id not in seen:
        mask = above
        seen.add(mask.id)
        level += 1
    return level + 1 if mask.part else level


def _is_free(plane: LabelPlane, mask: AcceptedMask) -> bool:
    window, inner = mask.cut_out
    return not plane.labels[window][inner].any()


def _draw(plane: LabelPlane, value: int, mask: AcceptedMask) -> None:
    window, inner = mask.cut_out
    plane.labels[window][inner] = value
    plane.masks[value] = mask


def _name(level: int, before: int) -> str:
    name = "objects" if level == 0 else "parts" + " of parts" * (level - 1)
    return name if before == 0 else f"{name} {before + 1}"
