"""Random views of an annotated image: scale, crop, flip, colour; masks move along and parents are kept right."""

from dataclasses import dataclass, replace

import numpy as np

from semsam_annotate.training.config.augment import AugmentConfig
from semsam_annotate.training.data.colour import jitter
from semsam_annotate.training.data.mirror import mirrored_name
from semsam_annotate.training.data.record import TrainingImage
from semsam_annotate.training.data.view import Span, view_image, view_masks

SMALLEST = 12
"""Masks with fewer pixels than this in the view are dropped."""
GREY = 128.0


@dataclass(frozen=True)
class Window:
    """What of the image is shown: left and top edge, width and height in image pixels (may reach beyond the image)."""

    left: int
    top: int
    width: int
    height: int


def augment(
    sample: TrainingImage,
    size: int,
    rng: np.random.Generator,
    config: AugmentConfig = AugmentConfig(),
) -> TrainingImage:
    """One random view of ``sample``, exactly ``size`` x ``size``, a pure function of the generator's state.

    Masks below ``SMALLEST`` pixels are dropped and their children handed to the nearest ancestor that is left.
    """
    window = random_window(sample, size, rng, config)
    flip = bool(rng.random() < config.flip)
    view = warp(sample, window, size, flip, None if config.padding == "mean" else GREY)
    seen = view.select(np.array([np.count_nonzero(mask) >= SMALLEST for mask in view.masks], bool))
    return replace(seen, image=jitter(seen.image, rng, config.colour)) if config.colour else seen


def random_window(sample: TrainingImage, size: int, rng: np.random.Generator, config: AugmentConfig) -> Window:
    """A window of random scale, aspect and place: large-scale jitter (Ghiasi et al. 2021, section 3), then the crop.

    At scale s the longer side of the image is s · ``size`` pixels long in the view.
    """
    image_height, image_width = sample.image.shape[:2]
    side = max(image_height, image_width) / _scale(rng, config)
    stretch = np.exp(rng.uniform(-config.stretch, config.stretch))
    width, height = max(1, round(side * stretch)), max(1, round(side / stretch))
    y, x = _focus(sample, rng) if config.focus else (rng.random() * image_height, rng.random() * image_width)
    return Window(_place(width, image_width, x, rng), _place(height, image_height, y, rng), width, height)


def warp(sample: TrainingImage, window: Window, size: int, flip: bool, padding: float | None = None) -> TrainingImage:
    """The window at ``size`` x ``size``: image antialiased, masks by the nearest pixel, both on the same centres.

    What lies beyond the image has the grey value ``padding``, or the mean colour of what is seen, and no mask.
    Mirrored when ``flip``, and then left and right change places in part names.
    """
    height, width = sample.image.shape[:2]
    rows, columns = Span.of(window.top, window.height, height, size), Span.of(window.left, window.width, width, size)
    parts = tuple(mirrored_name(name) for name in sample.parts) if flip else sample.parts
    image = view_image(sample.image, rows, columns, size, flip, padding)
    masks = view_masks(sample.masks, rows, columns, size, flip)
    x0, x1 = (size - columns.last, size - columns.first) if flip else (columns.first, columns.last)
    shown = (x0 / size, rows.first / size, x1 / size, rows.last / size)
    return replace(sample, image=image, masks=masks, parts=parts, shown=shown)


def _scale(rng: np.random.Generator, config: AugmentConfig) -> float:
    low, high = config.scale
    return float(rng.uniform(low, high) if config.spread == "uniform" else np.exp(rng.uniform(*np.log((low, high)))))


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
    return float(ys[pick]), float(xs[pick])


def _place(extent: int, length: int, focus: float, rng: np.random.Generator) -> int:
    """Where a window of this extent starts: anywhere around the whole image, or inside it, holding the focus."""
    if extent >= length:
        return int(rng.integers(length - extent, 1))
    pixel = int(focus)
    return int(rng.integers(max(0, pixel - extent + 1), min(length - extent, pixel) + 1))
