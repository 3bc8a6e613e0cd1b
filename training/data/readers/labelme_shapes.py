"""LabelMe's shapes as masks. Its coordinates have the edge of the image at 0: pixel (i, j) covers i..i+1, j..j+1."""

import base64
import binascii
import io
import math
from typing import Any

import numpy as np
from PIL import Image

from semsam_annotate.training.data import problem
from semsam_annotate.training.data.segments import FAR, Segment, Unusable, encode, read_segment


def shape_segment(shape: dict[str, Any], height: int, width: int) -> Segment:
    """The pixels of one shape of a (height, width) image.

    Raises Unusable for points and lines, which have no area, and for what is damaged.
    """
    kind = shape.get("shape_type") or "polygon"
    points = _points(shape.get("points"))
    if kind == "polygon" or (kind == "rectangle" and len(points) == 4):
        return _polygon(points, height, width)
    if kind == "rectangle" and len(points) == 2:
        (x0, y0), (x1, y1) = points
        return _polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], height, width)
    if kind == "circle" and len(points) == 2:
        return _circle(points, height, width)
    if kind == "mask" and len(points) == 2:
        return _pasted(shape.get("mask"), points[0], height, width)
    raise Unusable(problem.NO_AREA, f"a {kind} of {len(points)} points")


def _points(given: Any) -> list[tuple[float, float]]:
    usable = isinstance(given, list) and all(
        isinstance(point, list) and len(point) == 2 and all(_is_coordinate(value) for value in point) for point in given
    )
    if not usable:
        raise Unusable(problem.NO_MASK, "points are pairs of numbers")
    return [(float(x), float(y)) for x, y in given]


def _is_coordinate(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and abs(value) < FAR


def _polygon(points: list[tuple[float, float]], height: int, width: int) -> Segment:
    return read_segment([[value for point in points for value in point]], height, width)[0]


def _circle(points: list[tuple[float, float]], height: int, width: int) -> Segment:
    """The second point lies on its edge."""
    (x, y), (edge_x, edge_y) = points
    rows, columns = np.ogrid[:height, :width]
    radius = math.hypot(edge_x - x, edge_y - y)
    return encode((columns + 0.5 - x) ** 2 + (rows + 0.5 - y) ** 2 <= radius**2)


def _pasted(given: Any, corner: tuple[float, float], height: int, width: int) -> Segment:
    """A PNG in base64 whose upper left pixel is at ``corner``."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(given, validate=True)), formats=["PNG"]) as file:
            if file.width * file.height > height * width * 4:
                raise Unusable(problem.RLE_SIZE, f"a mask of {file.width}x{file.height}")
            piece = np.asarray(file.convert("L")) > 0
    except (TypeError, binascii.Error, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Unusable(problem.NO_MASK, f"the mask is no PNG in base64: {error}") from error
    left, top = round(corner[0]), round(corner[1])
    mask = np.zeros((height, width), bool)
    y0, x0 = max(top, 0), max(left, 0)
    y1, x1 = min(top + piece.shape[0], height), min(left + piece.shape[1], width)
    if y1 > y0 and x1 > x0:
        mask[y0:y1, x0:x1] = piece[y0 - top : y1 - top, x0 - left : x1 - left]
    return encode(mask)
