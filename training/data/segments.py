"""COCO's ways to write a mask (polygons, plain runs, compressed runs, a box) as compressed runs; damage is named."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from semsam_annotate.api import BadInput
from semsam_annotate.api.rle import checked_rle
from semsam_annotate.training.data import problem

Segment: TypeAlias = dict[str, Any]
"""A compressed COCO RLE as pycocotools takes it: ``size`` [height, width], ``counts`` bytes."""

FAR = 1e6
"""Coordinates beyond this are damage, not a mask."""


class Unusable(Exception):
    """A mask that cannot be used: ``kind`` as in ``problem``, and details."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(kind, detail)
        self.kind, self.detail = kind, detail


def read_segment(given: Any, height: int, width: int) -> tuple[Segment, int]:
    """A mask of a (height, width) image, and how many polygons were passed over because they have no area.

    Raises Unusable when nothing is left or the runs are damaged.
    """
    if isinstance(given, list) and given:
        return _from_polygons(given, height, width)
    if isinstance(given, dict) and "counts" in given:
        return _from_runs(given, height, width), 0
    raise Unusable(problem.NO_MASK, "polygons or run lengths are needed")


def box_segment(box: Any, height: int, width: int) -> tuple[Segment, bool]:
    """The pixels inside a COCO box (x, y, width, height) of pixels, and whether the box reaches outside the image.

    Edges are rounded to pixels. Raises Unusable for a box without pixels in the image.
    """
    x, y, across, down = numbers(box, 4)
    x0, y0, x1, y1 = (round(edge) for edge in (x, y, x + across, y + down))
    outside = x < -1 or y < -1 or x + across > width + 1 or y + down > height + 1
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    if right <= left or bottom <= top:
        raise Unusable(problem.EMPTY_MASK, f"box {box}")
    return rectangle(left, top, right, bottom, height, width), outside


def rectangle(left: int, top: int, right: int, bottom: int, height: int, width: int) -> Segment:
    """Whole pixels of a rectangle inside the image, the last two edges exclusive."""
    runs = [left * height + top]
    for _ in range(right - left):
        runs += [bottom - top, height - (bottom - top)]
    runs[-1] = height * width - sum(runs[:-1])
    return dict(coco_mask.frPyObjects({"size": [height, width], "counts": runs}, height, width))


def encode(mask: NDArray[np.bool_]) -> Segment:
    """(H, W) bool as runs."""
    return dict(coco_mask.encode(np.asfortranarray(mask, np.uint8)))


def area(segment: Segment) -> int:
    """Pixels set."""
    return int(coco_mask.area(segment))


def union(segments: Sequence[Segment]) -> Segment:
    """All pixels of some segments of one image."""
    return dict(coco_mask.merge(list(segments)))


def shares_inside(inner: Sequence[Segment], outer: Sequence[Segment]) -> NDArray[np.float64]:
    """(N, M): of the pixels of each inner segment the share that lies in each outer one."""
    if not inner or not outer:
        return np.zeros((len(inner), len(outer)))
    # to pycocotools a crowd's IoU is the share of the other mask that it holds
    return np.asarray(coco_mask.iou(list(inner), list(outer), [1] * len(outer)), np.float64)


def decode_segments(segments: Sequence[Segment], height: int, width: int) -> NDArray[np.bool_]:
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


def numbers(given: Any, count: int) -> list[float]:
    """``count`` finite numbers; Unusable for anything else."""
    if not isinstance(given, list) or len(given) != count or not all(_is_number(value) for value in given):
        raise Unusable(problem.NO_MASK, f"{count} numbers are needed, not {given!s:.60}")
    return [float(value) for value in given]


def _from_polygons(polygons: list[Any], height: int, width: int) -> tuple[Segment, int]:
    usable = [_polygon(polygon) for polygon in polygons]
    kept = [polygon for polygon in usable if polygon]
    if not kept:
        raise Unusable(problem.SHORT_POLYGON, "a polygon needs at least three points, x and y each")
    return union(coco_mask.frPyObjects(kept, height, width)), len(usable) - len(kept)


def _polygon(polygon: Any) -> list[float]:
    """Its numbers; none when it has fewer than three points. Half a point is damage."""
    if not isinstance(polygon, list) or not all(_is_number(value) for value in polygon):
        raise Unusable(problem.NO_MASK, "a polygon is a flat list of numbers x0, y0, x1, y1 … inside the image")
    if len(polygon) % 2:
        raise Unusable(problem.NO_MASK, f"a polygon of {len(polygon)} numbers, which are no pairs of x and y")
    return polygon if len(polygon) >= 6 else []


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < FAR


def _from_runs(given: dict[str, Any], height: int, width: int) -> Segment:
    if given.get("size") != [height, width]:
        raise Unusable(problem.RLE_SIZE, f"{given.get('size')}, the image is [{height}, {width}]")
    try:
        checked = checked_rle(given)
    except BadInput as error:
        raise Unusable(problem.RLE_DAMAGED, str(error)) from error
    return {"size": [height, width], "counts": checked["counts"].encode("ascii")}
