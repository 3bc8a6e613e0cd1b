"""COCO segmentations of every kind as RLE: polygons, uncompressed and compressed runs."""

from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from semsam_annotate.api import BadInput, Rle, decode_rle, encode_rle


def segmentation_rle(segmentation: Any, height: int, width: int) -> Rle:
    """A segmentation of a (height, width) image as RLE; polygons are filled as pycocotools fills them.

    Raises BadInput: a polygon of fewer than three points, runs that do not fill the image, another size.
    """
    if isinstance(segmentation, dict):
        return _from_runs(segmentation, height, width)
    if not isinstance(segmentation, list) or not segmentation:
        raise BadInput("it has no segmentation: polygons or RLE are needed")
    polygons = [_polygon(polygon) for polygon in segmentation]
    merged = coco_mask.merge(coco_mask.frPyObjects(polygons, height, width))
    return encode_rle(np.asarray(coco_mask.decode(merged), dtype=bool))


def _from_runs(runs: dict[str, Any], height: int, width: int) -> Rle:
    if list(runs.get("size") or ()) != [height, width]:
        raise BadInput(f"its RLE has size {runs.get('size')}, its image [{height}, {width}] (height, width)")
    counts = runs.get("counts")
    if isinstance(counts, list):
        return encode_rle(_from_plain_runs(counts, height, width))
    if not isinstance(counts, str) or not counts.isascii():
        raise BadInput("its RLE has no counts: a list of runs or a compressed text")
    return encode_rle(decode_rle({"size": [height, width], "counts": counts}))


def _from_plain_runs(counts: list[Any], height: int, width: int) -> Any:
    if any(not isinstance(run, int) or run < 0 for run in counts) or sum(counts) != height * width:
        raise BadInput(f"its uncompressed RLE does not fill the image of {height}x{width} (height x width)")
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(width, height).T


def _polygon(polygon: Any) -> list[float]:
    if not isinstance(polygon, list) or not all(isinstance(value, int | float) for value in polygon):
        raise BadInput("a polygon is a flat list of numbers x0, y0, x1, y1 …")
    if len(polygon) < 6 or len(polygon) % 2:
        raise BadInput(f"it has a polygon of {len(polygon)} numbers: at least 6 (three points) are needed, in pairs")
    if not all(abs(value) < 1e6 for value in polygon):
        raise BadInput("a polygon needs finite coordinates inside its image")
    return [float(value) for value in polygon]
