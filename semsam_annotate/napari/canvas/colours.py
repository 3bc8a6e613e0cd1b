"""Colours of the layers: the mask being made, accepted masks, selected ones."""

from collections.abc import Collection, Mapping
from typing import Any

from napari.utils.colormaps import DirectLabelColormap

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


def accepted_colours(by_value: Mapping[int, str], selected: Collection[int]) -> DirectLabelColormap:
    """Colours "#rrggbb" of label values; white where ``selected``, and then the others faint."""
    faint = f"{round(FAINT * 255):02x}" if selected else ""
    colours: dict[int | None, Any] = {None: "transparent", 0: "transparent"}
    colours |= {value: WHITE if value in selected else f"{colour}{faint}" for value, colour in by_value.items()}
    return DirectLabelColormap(color_dict=colours)
