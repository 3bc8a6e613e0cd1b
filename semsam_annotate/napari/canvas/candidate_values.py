"""What the candidate layer holds, a value a pixel: written in place, only where a mask is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from semsam_annotate.api import Mask, Proposal
from semsam_annotate.napari.state.accepted import AcceptedMask, Window, around, bounds
from semsam_annotate.napari.state.candidate import Candidate

SHOWN, WIDER, SELECTED = 1, 2, 3
"""Values of the candidate layer: the mask of the rung shown; outlines of larger rungs; accepted masks selected."""


def draw_idle(data: NDArray[np.uint8], selected: Sequence[AcceptedMask], likely: Proposal | None) -> Window | None:
    """Write selected masks and the outline of the ``likely`` one; the rectangle written to."""
    windows: list[Window | None] = []
    for mask in selected:
        window, inner = mask.cut_out
        data[window][inner] = SELECTED
        windows.append(window)
    if likely is not None and likely.mask.shape == data.shape:
        windows.append(_draw_outline(data, likely.mask))
    return around(windows)


def draw_rungs(data: NDArray[np.uint8], candidate: Candidate) -> Window | None:
    """Write outlines of the rungs from the one shown upwards, then the one shown; the rectangle written to."""
    shown = candidate.mask
    if shown is None or candidate.ladder is None or shown.shape != data.shape:
        return None
    windows = [_draw_outline(data, wider.mask) for wider in candidate.ladder[candidate.rung + 1 :]]
    window = bounds(shown)
    if window is not None:
        data[window][shown[window]] = SHOWN
    return around([*windows, window])


def _draw_outline(data: NDArray[np.uint8], mask: Mask) -> Window | None:
    window = bounds(mask)
    if window is not None:
        data[window][_outline(mask[window])] = WIDER
    return window


def _outline(mask: Mask) -> Mask:
    """Pixels of a cut-out mask with a neighbour, up, down, left or right, outside it; at its edges all have one."""
    inner = mask.copy()
    inner[1:] &= mask[:-1]
    inner[:-1] &= mask[1:]
    inner[:, 1:] &= mask[:, :-1]
    inner[:, :-1] &= mask[:, 1:]
    inner[[0, -1]] = inner[:, [0, -1]] = False
    return mask & ~inner
