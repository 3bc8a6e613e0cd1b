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

_LONGEST = 7
"""Characters of the longest run of such a mask, 5 bits each."""


def encode_rle(mask: Mask) -> Rle:
    """Encode a (H, W) bool mask."""
    if mask.ndim != 2:
        raise BadInput(f"a mask has two axes (height, width), this one has shape {mask.shape}")
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    turned = np.zeros(mask.shape, np.uint8, order="F")
    if rows.size:  # turning only what is not empty from rows into columns: most masks are small
        window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        turned[window] = mask[window]
    rle = coco_mask.encode(turned)
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
    if int(run_lengths(raw).sum()) != height * width:
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


def run_lengths(counts: bytes) -> NDArray[np.int64]:
    """Run lengths of a compressed COCO string: 5 bits a character from 48 on, runs from the third on as differences."""
    symbols = np.frombuffer(counts, np.uint8).astype(np.int64) - 48
    if symbols.size == 0:
        return symbols
    if symbols.min() < 0 or symbols.max() > 63:
        raise BadInput("the mask's run-length string has a character that does not belong there")
    if symbols[-1] & 32:
        raise BadInput("the mask's run-length string ends inside a number")
    ends = np.flatnonzero(symbols < 32)
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > _LONGEST:
        raise BadInput("the mask's run-length string has a number that is longer than any image")
    shifts = 5 * (np.arange(symbols.size) - np.repeat(starts, lengths))
    runs = np.add.reduceat((symbols & 31) << shifts, starts)
    runs -= np.where(symbols[ends] & 16, np.left_shift(1, 5 * lengths), 0)
    runs[1::2] = np.cumsum(runs[1::2])
    runs[2::2] = np.cumsum(runs[2::2])
    if runs.min() < 0:
        raise BadInput("the mask's run-length string has a negative run")
    return runs
