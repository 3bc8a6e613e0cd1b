"""What the accepted layer holds, a value a pixel: it tells the mask and its colour.

napari draws all of a labels layer anew for another colour map (a third of a frame more), so the map has the values of
masks to come in every colour, and is exchanged only when these are used up.
"""

from collections.abc import Sequence

from napari.utils.colormaps import DirectLabelColormap

from semsam_annotate.annotations.palette import PALETTE
from semsam_annotate.napari.canvas.colours import accepted_colours

AHEAD = 24
"""Masks to come that a colour map has the values of."""


class LabelValues:
    """The values of one layer, and the colour map it has."""

    def __init__(self) -> None:
        self._colours = list(PALETTE)
        self._each = 0
        self._known: set[int] = set()
        self._selected: frozenset[int] = frozenset()

    def forget(self) -> None:
        """The layer shows another picture: the next map is made for it."""
        self._known = set()

    def of(self, colours: Sequence[str | None]) -> list[int]:
        """Value of every mask by its colour, "#rrggbb", or None for one of its own; none is used twice."""
        named = [colour or _spread(number) for number, colour in enumerate(colours)]
        self._colours += [colour for colour in dict.fromkeys(named) if colour not in self._colours]
        if len(self._colours) > self._each:
            self._each = 2 * len(self._colours)
            self.forget()
        return [number * self._each + self._colours.index(colour) + 1 for number, colour in enumerate(named)]

    def new_map(self, values: Sequence[int], selected: Sequence[bool]) -> DirectLabelColormap | None:
        """The colour map of masks with these ``values``, None while the layer's is right for them."""
        chosen = frozenset(value for value, is_chosen in zip(values, selected, strict=True) if is_chosen)
        if chosen == self._selected and self._known.issuperset(values):
            return None
        self._selected = chosen
        self._known = {*values, *self._to_come(len(values))}
        return accepted_colours({value: self._colour(value) for value in sorted(self._known)}, chosen)

    def _to_come(self, masks: int) -> list[int]:
        numbers = range(masks, masks + AHEAD)
        return [number * self._each + place + 1 for number in numbers for place in range(len(self._colours))]

    def _colour(self, value: int) -> str:
        return self._colours[(value - 1) % self._each]


def _spread(number: int) -> str:
    """The palette in turn, so that neighbours differ."""
    return PALETTE[(number + 1) % len(PALETTE)]
