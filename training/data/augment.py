"""Random views of an annotated image: zoom, crop, flip, colour; masks move along and parents are kept right."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semsam_annotate.training.data.colour import jitter
from semsam_annotate.training.data.mirror import mirrored_name
from semsam_annotate.training.data.record import TrainingImage

ZOOM = (0.6, 1.9)
ASPECT = 0.12
"""Largest logarithm of the change of width (and, the other way, of height)."""
SMALLEST = 12
"""Masks with fewer pixels than this after the warp are dropped."""


@dataclass(frozen=True)
class Window:
    """What of the image is shown: left and top edge, width and height in image pixels (may reach beyond the image)."""

    left: float
    top: float
    width: float
    height: float


def augment(sample: TrainingImage, size: int, rng: np.random.Generator) -> TrainingImage:
    """One random view of ``sample``, exactly ``size`` x ``size``, a pure function of the generator's state.

    Zoomed out, the rest is filled with the mean colour; zoomed in, the window shows at least a piece of a random mask.
    Masks below ``SMALLEST`` pixels are dropped and their children handed to the nearest ancestor that is left.
    """
    window = random_window(sample, rng)
    flip = bool(rng.random() < 0.5)
    view = warp(sample, window, size, flip)
    areas = np.array([np.count_nonzero(mask) for mask in view.masks], np.int64)
    seen = view.select(areas >= SMALLEST)
    return replace(seen, image=jitter(seen.image, rng))


def random_window(sample: TrainingImage, rng: np.random.Generator) -> Window:
    """A window of random zoom, aspect and place around the content."""
    image_height, image_width = sample.image.shape[:2]
    zoom = np.exp(rng.uniform(*np.log(ZOOM)))
    stretch = np.exp(rng.uniform(-ASPECT, ASPECT))
    side = max(image_height, image_width) / zoom
    width, height = float(side * stretch), float(side / stretch)
    y, x = _focus(sample, rng)
    return Window(_place(width, image_width, x, rng), _place(height, image_height, y, rng), width, height)


def warp(sample: TrainingImage, window: Window, size: int, flip: bool) -> TrainingImage:
    """The window drawn at ``size`` x ``size``: image antialiased, masks by the nearest pixel, both on the same centres.

    Mirrored when ``flip``, and then left and right change places in part names.
    """
    columns = _Axis.of(window.left, window.width, sample.image.shape[1], size)
    rows = _Axis.of(window.top, window.height, sample.image.shape[0], size)
    image = _warp_image(sample.image, rows, columns, size)
    masks = _warp_masks(sample.masks, rows, columns, size, flip)
    parts = tuple(mirrored_name(name) for name in sample.parts) if flip else sample.parts
    image = np.ascontiguousarray(image[:, ::-1]) if flip else image
    return replace(sample, image=image, masks=masks, parts=parts)


@dataclass(frozen=True)
class _Axis:
    """One axis of the warp: output pixels ``first:last`` lie inside the image, and cover its ``start:stop`` pixels."""

    first: int
    last: int
    start: float
    stop: float
    length: int

    @classmethod
    def of(cls, edge: float, extent: float, length: int, size: int) -> "_Axis":
        step = extent / size
        first = min(max(int(np.ceil(-edge / step)), 0), size - 1)
        last = max(min(int((length - edge) / step), size), first + 1)
        start = min(max(edge + first * step, 0.0), length - 0.5)
        stop = max(min(edge + last * step, float(length)), start + 0.5)
        return cls(first, last, start, stop, length)

    def nearest(self) -> NDArray[np.int64]:
        """Index of the image pixel under the centre of every output pixel ``first:last``."""
        count = self.last - self.first
        centres = self.start + (np.arange(count) + 0.5) * ((self.stop - self.start) / count)
        return np.minimum(centres.astype(np.int64), self.length - 1)


def _warp_image(image: NDArray[np.uint8], rows: _Axis, columns: _Axis, size: int) -> NDArray[np.uint8]:
    seen = Image.fromarray(image).resize(
        (columns.last - columns.first, rows.last - rows.first),
        Image.Resampling.BILINEAR,
        box=(columns.start, rows.start, columns.stop, rows.stop),
    )
    shown = np.asarray(seen)
    if shown.shape[:2] == (size, size):
        return shown
    canvas = np.empty((size, size, 3), np.uint8)
    canvas[:] = shown.reshape(-1, 3).mean(axis=0)
    canvas[rows.first : rows.last, columns.first : columns.last] = shown
    return canvas


def _warp_masks(masks: NDArray[np.bool_], rows: _Axis, columns: _Axis, size: int, flip: bool) -> NDArray[np.bool_]:
    # One gather on flat indices costs half of two on separate axes, and suits both memory orders without a copy.
    count, height, width = masks.shape
    down, across = rows.nearest()[:, None], columns.nearest()[None, :]
    if masks.transpose(0, 2, 1).flags.c_contiguous:
        flat, where = masks.transpose(0, 2, 1).reshape(count, height * width), across * height + down
    else:
        flat, where = np.ascontiguousarray(masks).reshape(count, height * width), down * width + across
    if flip:
        where = where[:, ::-1]
    seen: NDArray[np.bool_] = flat.take(where.ravel(), axis=1).reshape(count, *where.shape)
    if where.shape == (size, size):
        return seen
    out = np.zeros((count, size, size), bool)
    left = size - columns.last if flip else columns.first
    out[:, rows.first : rows.last, left : left + where.shape[1]] = seen
    return out


def _focus(sample: TrainingImage, rng: np.random.Generator) -> tuple[float, float]:
    """(y, x) of a random pixel of a random mask; of the image where there is no mask."""
    height, width = sample.image.shape[:2]
    chosen, place = rng.random(2)
    if not len(sample):
        return place * height, chosen * width
    ys, xs = np.nonzero(sample.masks[int(chosen * len(sample))])
    if not len(ys):
        return place * height, chosen * width
    pick = int(place * len(ys))
    return float(ys[pick]) + 0.5, float(xs[pick]) + 0.5


def _place(extent: float, length: int, focus: float, rng: np.random.Generator) -> float:
    """Where a window of this extent starts: anywhere around the whole image, or inside it, holding the focus."""
    if extent >= length:
        return float(rng.uniform(length - extent, 0.0))
    return float(rng.uniform(max(0.0, focus - extent), min(length - extent, focus)))
