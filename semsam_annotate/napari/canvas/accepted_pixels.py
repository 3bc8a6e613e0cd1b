"""Which accepted masks a layer shows, so that only the rectangle in which that changes is drawn again."""

from collections.abc import Collection, Sequence
from typing import NamedTuple, cast

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import NDArray

from semsam_annotate.api import Rle
from semsam_annotate.napari.state.accepted import AcceptedMask, Window, around

MUCH = 0.2
"""Share of a layer's pixels."""


class _Shown(NamedTuple):
    """A mask by its value."""

    value: int
    rle: Rle
    window: Window


class AcceptedPixels:
    """The pixels of one labels layer, empty at first, written by nobody else unless ``doubt`` tells."""

    def __init__(self) -> None:
        self._shown: dict[str, _Shown] = {}
        self._doubted = False

    def forget(self) -> None:
        """The layer is empty again."""
        self._shown, self._doubted = {}, False

    def doubt(self, _: object = None) -> None:
        """Somebody else wrote in the layer: all of it is compared next time."""
        self._doubted = True

    def show(
        self,
        layer: Labels,
        masks: Sequence[AcceptedMask],
        values: Sequence[int],
        hidden: Collection[str],
        colour_map: DirectLabelColormap | None,
    ) -> None:
        """Write these masks but the ``hidden`` ids, and exchange the colour map unless it is None."""
        drawn = [pair for pair in zip(masks, values, strict=True) if pair[0].id not in hidden]
        window = self._changed({mask.id: _Shown(value, mask.rle, mask.cut_out[0]) for mask, value in drawn}, layer)
        data = cast("NDArray[np.int32]", layer.data)
        if colour_map is not None:
            if window is not None:
                data[window] = drawn_values(drawn, window)
            layer.colormap = colour_map  # which refreshes
        elif window is not None:
            _write_changed(layer, drawn_values(drawn, window), window)
        self._doubted = False  # napari tells what was just written, too

    def _changed(self, shown: dict[str, _Shown], layer: Labels) -> Window | None:
        """The rectangle in which other masks, or others with other values, are to be seen than before."""
        before, self._shown = self._shown, shown
        if self._doubted:
            height, width = layer.data.shape
            return slice(0, height), slice(0, width)
        ids = [key for key in before.keys() | shown.keys() if before.get(key) != shown.get(key)]
        return around([each.window for key in ids for each in (before.get(key), shown.get(key)) if each is not None])


def drawn_values(masks: Sequence[tuple[AcceptedMask, int]], window: Window) -> NDArray[np.int32]:
    """Of a rectangle, the value of the smallest mask at each pixel, 0 where none is."""
    drawn = np.zeros([span.stop - span.start for span in window], np.int32)
    within = [pair for pair in masks if _meet(pair[0].cut_out[0], window)]
    for mask, value in sorted(within, key=lambda item: -item[0].area):
        own, inner = mask.cut_out
        there, of_mask = zip(*map(_shared, window, own), strict=True)
        drawn[there][inner[of_mask]] = value
    return drawn


def _meet(window: Window, other: Window) -> bool:
    return all(a.start < b.stop and b.start < a.stop for a, b in zip(window, other, strict=True))


def _shared(span: slice, other: slice) -> tuple[slice, slice]:
    """Where two spans lie over each other, counted from the start of each."""
    start, stop = max(span.start, other.start), min(span.stop, other.stop)
    return slice(start - span.start, stop - span.start), slice(start - other.start, stop - other.start)


def _write_changed(layer: Labels, wanted: NDArray[np.int32], window: Window) -> None:
    """napari draws the rectangle of what is set. (It keeps steps to undo that, too, but Ctrl+Z is ours on every layer.)

    Where much changes, as with another picture, setting pixels one by one takes longer than drawing everything.
    """
    data = np.asarray(layer.data)
    places = np.nonzero(data[window] != wanted)
    if len(places[0]) > MUCH * data.size:
        data[window] = wanted
        layer.refresh(extent=False)
        return
    rows, columns = window
    with layer.block_history():
        layer.data_setitem((places[0] + rows.start, places[1] + columns.start), wanted[places])
