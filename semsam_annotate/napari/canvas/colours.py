"""Colours of the layers: the mask being made, accepted masks, selected ones."""

from collections.abc import Sequence
from typing import Any

from napari.utils.colormaps import DirectLabelColormap

from semsam_annotate.annotations.palette import PALETTE

ORANGE, BLUE, WHITE = "#ffb000", "#3d9dff", "#ffffff"
"""Told apart by everybody, also without red or green."""
EDGE = "#7c7c7c"
"""Of lines around things, seen on napari's dark and on its light style."""
FAINT = 0.35
"""Opacity of masks beside selected ones."""


def sign_colour(positive: bool) -> str:
    """Of clicks and strokes: bluish green for what belongs, vermilion for what does not, as in the palette."""
    return "#009e73" if positive else "#d55e00"


def candidate_colours(by_value: dict[int, str]) -> DirectLabelColormap:
    """Colours of the values of a layer; the others are not seen."""
    colours: dict[int | None, Any] = {None: "transparent", 0: "transparent"}
    return DirectLabelColormap(color_dict=colours | by_value)


def accepted_colours(colours: Sequence[str | None], selected: Sequence[bool]) -> DirectLabelColormap:
    """Colours of label values 1, 2, …: "#rrggbb", None for one of its own; faint beside selected ones."""
    by_value: dict[int | None, Any] = {None: "transparent", 0: "transparent"}
    faint = any(selected)
    for value, (colour, chosen) in enumerate(zip(colours, selected, strict=True), 1):
        by_value[value] = WHITE if chosen else _faded(colour or _spread_colour(value), faint)
    return DirectLabelColormap(color_dict=by_value)


def _faded(colour: str, faint: bool) -> str:
    return f"{colour}{round(FAINT * 255):02x}" if faint else colour


def _spread_colour(value: int) -> str:
    """The palette in turn, so that neighbours differ."""
    return PALETTE[value % len(PALETTE)]
