"""Image files as planes of numbers: stacks page by page, more than 8 bits or three channels, too large for memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from semsam_annotate.annotations.images import MAX_PIXELS, read_image
from semsam_annotate.api import BadInput

READ_BYTES = 1 << 30
"""Of a plane that cannot be mapped (compressed): larger ones are refused rather than read into memory."""
_TIFF = (".tif", ".tiff")


@dataclass(frozen=True)
class Plane:
    """``pixels``: (H, W) or (H, W, C), an array or something that reads what it is sliced for. ``index``: z, t …"""

    pixels: Any
    index: tuple[int, ...] = ()


def read_planes(path: Path) -> Iterator[Plane]:
    """The planes of an image file, one after the other.

    Photos are read as ``read_image`` does (EXIF, colour profile, transparency). TIFF files with several pages, more
    than 8 bits, other than 1, 3 or 4 channels, or more than ``MAX_PIXELS``, give their numbers as they are, mapped
    from disk where the file allows that. Raises BadInput, one line that names the file.
    """
    if path.suffix.lower() in _TIFF and path.is_file():
        planes = _tiff_planes(path)
        if planes is not None:
            yield from planes
            return
    deep = _deep_grey(path)
    yield Plane(read_image(path) if deep is None else deep)


def _deep_grey(path: Path) -> Any:
    """(H, W) grey of more than 8 bits (PNG, PGM …), None for anything else; faults are left to ``read_image``."""
    try:
        with Image.open(path) as image:
            deep = (image.mode.startswith("I") or image.mode == "F") and image.width * image.height <= MAX_PIXELS
            return np.asarray(image) if deep else None
    except Exception:  # decoders raise whatever they like on damaged files
        return None


def _tiff_planes(path: Path) -> Iterator[Plane] | None:
    """Planes of a TIFF file, None where it is an ordinary picture or ``tifffile`` is not installed."""
    try:
        import tifffile
    except ImportError:
        return None
    try:
        with tifffile.TiffFile(path) as opened:
            series = opened.series[0]
            axes, shape, dtype = str(series.axes), tuple(series.shape), np.dtype(series.dtype)
    except Exception:
        return None  # ``read_image`` says what is wrong with it
    order = _channels_last(axes)
    if order is None or _is_picture(axes, shape, dtype):
        return None
    return _planes(path, _mapped(path, shape, dtype), order, axes)


def _is_picture(axes: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    plain = axes == "YX" or (axes == "YXS" and shape[-1] in (3, 4))
    return plain and dtype == np.uint8 and shape[0] * shape[1] <= MAX_PIXELS


def _channels_last(axes: str) -> tuple[int, ...] | None:
    """How axes are moved so that rows, columns and channels, if any, come last; None without rows and columns."""
    if axes.count("Y") != 1 or axes.count("X") != 1:
        return None
    colours = [axis for axis, name in enumerate(axes) if name in "CS"]
    if len(colours) > 1:
        return None
    places = [axes.index("Y"), axes.index("X"), *colours]
    return (*(axis for axis in range(len(axes)) if axis not in places), *places)


def _mapped(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    import tifffile

    try:
        return tifffile.memmap(path, mode="r")
    except (ValueError, OSError):
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if size > READ_BYTES:
        raise BadInput(
            f"{path} is compressed and holds {size / 1e9:.1f} GB: save it uncompressed, then it is read in tiles"
        )
    try:
        return tifffile.imread(path)
    except Exception as error:
        raise BadInput(f"{path} is damaged or compressed in a way that cannot be read: {error}") from error


def _planes(path: Path, pixels: Any, order: tuple[int, ...], axes: str) -> Iterator[Plane]:
    count = 3 if len(order) and axes[order[-1]] in "CS" else 2
    moved = np.transpose(pixels, order)
    if not moved.size:
        raise BadInput(f"{path} has no pixels")
    for index in np.ndindex(*moved.shape[: moved.ndim - count]):
        yield Plane(moved[index], tuple(int(place) for place in index))
