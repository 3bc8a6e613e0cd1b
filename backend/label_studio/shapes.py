"""The masks of regions: brushes, and polygons, ellipses and bitmasks, which say the same in fewer bytes."""

import io
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import Image

from semsam_annotate.annotations.segmentation import segmentation_rle
from semsam_annotate.api import BadInput, Mask, decode_rle
from semsam_annotate.backend.label_studio.brush_rle import decode_brush
from semsam_annotate.backend.label_studio.image_address import data_image

MAX_POINTS = 100_000
MAX_OUTLINE = 2_000_000.0
"""Length of a polygon in pixels: filling it takes that much time and memory, wherever its corners lie."""
MAX_BITMASK = 50_000_000
"""Bytes of a bitmask's file."""
GEOMETRY = frozenset(
    f"{shape}{end}"
    for shape in ("brush", "polygon", "ellipse", "bitmask", "rectangle", "keypoint", "vector", "cuboid")
    for end in ("", "labels")
)
"""Types of results that draw something; of those, ``is_mask`` says which have an inside that is taken over."""


def is_mask(item: Mapping[str, Any]) -> bool:
    """Whether a result is a labelled region with an inside. Rectangles are prompts or boxes, never outlines."""
    value = item.get("value")
    kind = item.get("type")
    if not isinstance(kind, str) or kind not in _READERS or not isinstance(value, dict):
        return False
    return kind != "brushlabels" or value.get("format") == "rle"


def mask_of(item: Mapping[str, Any], height: int, width: int) -> Mask:
    """(height, width) bool; BadInput when the region is damaged or was drawn on an image of another size.

    Coordinates are percent of the image. A brush's runs fit every image of as many pixels, one that was turned too.
    """
    told = item.get("original_height"), item.get("original_width")
    if all(isinstance(side, int) for side in told) and told != (height, width):
        said = f"{str(told[1])[:20]}x{str(told[0])[:20]}"
        raise BadInput(f"a region was drawn on an image of {said}, this one is {width}x{height} (width x height)")
    return _READERS[item["type"]](item["value"], height, width)


def _brush(value: dict[str, Any], height: int, width: int) -> Mask:
    runs: Any = value.get("rle")
    return decode_brush(runs, height, width)


def _polygon(value: dict[str, Any], height: int, width: int) -> Mask:
    points = value.get("points")
    if not isinstance(points, list) or not all(isinstance(point, list) and len(point) == 2 for point in points):
        raise BadInput("a polygon's points are a list of [x, y]")
    corners = [(_number(x) / 100 * width, _number(y) / 100 * height) for x, y in points[: MAX_POINTS + 1]]
    return _filled(corners, height, width)


def _ellipse(value: dict[str, Any], height: int, width: int) -> Mask:
    """Turned clockwise about its centre by ``rotation`` degrees."""
    x, y, a, b = (_number(value.get(name)) / 100 for name in ("x", "y", "radiusX", "radiusY"))
    x, y, a, b = x * width, y * height, a * width, b * height
    turn = math.radians(_number(value.get("rotation") or 0))
    angles = np.linspace(0, 2 * math.pi, int(min(max(32, a + b), 4096)), endpoint=False).tolist()
    flat = [(a * math.cos(angle), b * math.sin(angle)) for angle in angles]
    sin, cos = math.sin(turn), math.cos(turn)
    return _filled([(x + u * cos - v * sin, y + u * sin + v * cos) for u, v in flat], height, width)


def _bitmask(value: dict[str, Any], height: int, width: int) -> Mask:
    """Where the picture is not transparent, as Label Studio draws it."""
    address = value.get("imageDataURL")
    if not isinstance(address, str) or len(address) > MAX_BITMASK:
        raise BadInput("a bitmask is a data address of a PNG")
    try:
        with Image.open(io.BytesIO(data_image(address)), formats=("PNG",)) as picture:
            if picture.size != (width, height):
                raise BadInput(f"a bitmask of {picture.size[0]}x{picture.size[1]}, its image {width}x{height}")
            return np.asarray(picture.convert("RGBA"))[:, :, 3] > 0
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadInput(f"a bitmask cannot be read: {str(error)[:200]}") from error


def _filled(corners: list[tuple[float, float]], height: int, width: int) -> Mask:
    """What lies within, corners (x, y) measured from the image's edges; empty for fewer than three."""
    if len(corners) > MAX_POINTS:
        raise BadInput(f"a polygon has at most {MAX_POINTS} points")
    if len(corners) < 3:
        return np.zeros((height, width), bool)
    steps = zip(corners, corners[1:] + corners[:1], strict=True)
    if sum(max(abs(x - u), abs(y - v)) for (x, y), (u, v) in steps) > MAX_OUTLINE:
        raise BadInput(f"the outline of a polygon is longer than {MAX_OUTLINE:.0f} pixels")
    return decode_rle(segmentation_rle([[value for corner in corners for value in corner]], height, width))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -1e4 < value < 1e4:
        raise BadInput(f"a coordinate is a number of percent, not {str(value)[:40]!r}")
    return float(value)


_READERS: dict[str, Callable[[dict[str, Any], int, int], Mask]] = {
    "brushlabels": _brush,
    "polygonlabels": _polygon,
    "ellipselabels": _ellipse,
    "bitmasklabels": _bitmask,
}
