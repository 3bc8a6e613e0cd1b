"""Taking something out of a picture: its place is filled from what lies around it (biharmonic inpainting)."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import BadInput, CancelToken, Mask, RgbImage
from semsam_annotate.napari.state.accepted import Window
from semsam_annotate.napari.state.feather import blended, box_of, feathered, widened

RIM = 2
"""Pixels around a mask that are filled like it: the rim of an object is in them."""
LONGEST = 256
"""A larger hole is filled at a lower resolution: the time grows with more than the number of its pixels."""
MARGIN = 8
"""Known pixels looked at around a hole, at the resolution in which it is filled."""

Progress = Callable[[float], None]


def removed(
    rgb: RgbImage, mask: Mask, cancel: CancelToken | None = None, progress: Progress = lambda share: None
) -> RgbImage:
    """(H, W, 3) uint8 with the mask, (H, W) bool, filled smoothly from around it, its ``RIM`` and a feather included.

    Smoothly: texture is not made up. ``progress`` hears the share done, 0..1, after every piece of the mask. BadInput
    when the mask is empty or nothing lies around it; Cancelled after the piece at which ``cancel`` was found.
    """
    window, weights = feathered(rgb, _with_rim(mask))
    hole = np.zeros(mask.shape, bool)
    hole[window] = weights > 0
    if hole.all():
        raise BadInput("the mask covers the whole picture: nothing is left to fill it from")
    filled = rgb.astype(np.float32)
    pieces = list(_pieces(hole))
    areas = np.cumsum([np.count_nonzero(piece) for _, piece in pieces])
    for (place, piece), done in zip(pieces, areas, strict=True):
        if cancel is not None:
            cancel.check()
        _fill(filled, hole, place, piece)
        progress(float(done / areas[-1]))
    return blended(rgb, window, filled[window], weights)


def _with_rim(mask: Mask) -> Mask:
    from scipy.ndimage import distance_transform_edt

    grown, window = mask.copy(), widened(box_of(mask), RIM, mask.shape)
    grown[window] = distance_transform_edt(~mask[window]) <= RIM
    return grown


def _pieces(hole: Mask) -> Iterator[tuple[Window, Mask]]:
    """Connected pieces, each with the smallest rectangle around it."""
    from scipy.ndimage import find_objects, label

    numbers, _ = label(hole, structure=np.ones((3, 3), int))
    for number, place in enumerate(find_objects(numbers), 1):
        yield place, numbers[place] == number


def _fill(filled: NDArray[np.float32], hole: Mask, place: Window, piece: Mask) -> None:
    """Write one piece into (H, W, 3) ``filled``; other pieces nearby are not looked at."""
    factor = -(-max(piece.shape) // LONGEST)
    around = widened(place, MARGIN * factor, hole.shape)
    small, unknown = _shrunk(filled[around], hole[around], factor)
    made = _grown_back(_inpainted(small, unknown), factor, hole[around].shape)
    inner = tuple(
        slice(mine.start - theirs.start, mine.stop - theirs.start) for mine, theirs in zip(place, around, strict=True)
    )
    filled[place][piece] = made[inner][piece]


def _shrunk(pixels: NDArray[np.float32], hole: Mask, factor: int) -> tuple[NDArray[np.float32], Mask]:
    """Means of blocks of ``factor`` x ``factor`` pixels over what is known, and which blocks are wholly unknown."""
    if factor == 1:
        return pixels, hole
    by = [(0, -length % factor) for length in hole.shape]
    known = np.pad(~hole, by)[..., None].astype(np.float32)
    mass = _block_sums(known, factor)
    sums = _block_sums(np.pad(pixels, [*by, (0, 0)]) * known, factor)
    return np.asarray(sums / np.maximum(mass, 1), np.float32), np.asarray(mass[..., 0] == 0)


def _block_sums(values: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    height, width, channels = values.shape
    blocks = values.reshape(height // factor, factor, width // factor, factor, channels)
    return np.asarray(blocks.sum(axis=(1, 3)))


def _grown_back(small: NDArray[Any], factor: int, size: tuple[int, ...]) -> NDArray[Any]:
    from scipy.ndimage import zoom

    if factor == 1:
        return small
    return np.asarray(zoom(small, (factor, factor, 1), order=1, mode="nearest", grid_mode=True))[: size[0], : size[1]]


def _inpainted(pixels: NDArray[np.float32], unknown: Mask) -> NDArray[np.float32]:
    """(h, w, 3) 0..255 with the unknown pixels filled; by the nearest known ones where the equations have no answer."""
    from scipy.ndimage import distance_transform_edt
    from skimage.restoration import inpaint_biharmonic

    if not unknown.any():
        return pixels
    rows, columns = distance_transform_edt(unknown, return_distances=False, return_indices=True)
    nearest: NDArray[np.float32] = pixels[rows, columns]
    if min(unknown.shape) < 5:  # smaller than the stencil
        return nearest
    exact = pixels.astype(np.float64)  # in single precision errors of the solver show in large holes
    made = 255 * inpaint_biharmonic(exact / 255, unknown, channel_axis=-1, split_into_regions=True)
    return np.asarray(np.where(np.isfinite(made), made, nearest), np.float32)
