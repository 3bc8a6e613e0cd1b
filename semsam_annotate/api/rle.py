"""Masks as COCO run-length encoding, compressed counts as text: lossless, holes and pieces included."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from semsam_annotate.api.errors import BadInput

Mask: TypeAlias = NDArray[np.bool_]
Rle: TypeAlias = dict[str, Any]
"""``{"size": [height, width], "counts": str}``."""

MOST_PIXELS = 1 << 31
"""Of a mask; pycocotools counts pixels in 32 bits."""


def encode_rle(mask: Mask) -> Rle:
    """Encode a (H, W) bool mask."""
    if mask.ndim != 2:
        raise BadInput(f"a mask has two axes (height, width), this one has shape {mask.shape}")
    rle = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {"size": [int(side) for side in rle["size"]], "counts": rle["counts"].decode("ascii")}


def decode_rle(rle: Rle) -> Mask:
    """Decode to a (H, W) bool mask; the runs must fill the size exactly."""
    checked = checked_rle(rle)
    compressed = {"size": checked["size"], "counts": checked["counts"].encode("ascii")}
    return np.asarray(coco_mask.decode(compressed), dtype=bool)


def checked_rle(rle: Rle) -> Rle:
    """The same mask with compressed counts as text; BadInput unless its runs fill its size exactly.

    ``counts`` may also be bytes, or a list of run lengths as COCO writes crowds. pycocotools reads beyond the end of a
    damaged string, so whatever comes from outside goes through here first.
    """
    height, width = rle_size(rle)
    counts = rle["counts"]
    try:
        if isinstance(counts, list):
            runs = np.array([int(run) for run in counts], np.uint32)
            raw: bytes = coco_mask.frPyObjects({"size": [height, width], "counts": runs}, height, width)["counts"]
        else:
            raw = counts.encode("ascii") if isinstance(counts, str) else bytes(memoryview(counts))
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInput("the mask's counts are neither a run-length string nor a list of run lengths") from error
    if sum(run_lengths(raw)) != height * width:
        raise BadInput(f"the mask's runs do not fill its size {height}x{width}")
    return {"size": [height, width], "counts": raw.decode("ascii")}


def rle_size(rle: Rle) -> tuple[int, int]:
    """(height, width) of an encoded mask."""
    try:
        height, width = (int(side) for side in rle["size"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadInput('a mask needs "size": [height, width] and "counts"') from error
    if height < 1 or width < 1 or "counts" not in rle:
        raise BadInput('a mask needs "size": [height, width], both at least 1, and "counts"')
    if height * width > MOST_PIXELS:
        raise BadInput(f"a mask of {height}x{width} pixels is larger than any image")
    return height, width


def rle_area(rle: Rle) -> int:
    """Number of pixels set, without decoding."""
    return int(coco_mask.area({"size": rle["size"], "counts": rle["counts"].encode("ascii")}))


def rle_iou(first: Rle, second: Rle) -> float:
    """Intersection over union of two encoded masks of one size, without decoding; 1.0 for two empty masks."""
    both = [{"size": rle["size"], "counts": rle["counts"].encode("ascii")} for rle in (first, second)]
    joint = int(coco_mask.area(coco_mask.merge(both, intersect=True)))
    union = int(coco_mask.area(coco_mask.merge(both)))
    return joint / union if union else 1.0


def run_lengths(counts: bytes) -> list[int]:
    """Run lengths of a compressed COCO string: 5 bits a character from 48 on, runs from the third on as differences."""
    runs: list[int] = []
    position = 0
    while position < len(counts):
        value = shift = 0
        more = True
        while more:
            if position >= len(counts):
                raise BadInput("the mask's run-length string ends inside a number")
            symbol = counts[position] - 48
            if not 0 <= symbol < 64:
                raise BadInput("the mask's run-length string has a character that does not belong there")
            value |= (symbol & 31) << shift
            more, shift, position = bool(symbol & 32), shift + 5, position + 1
            if not more and symbol & 16:
                value |= -1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
    if any(run < 0 for run in runs):
        raise BadInput("the mask's run-length string has a negative run")
    return runs
