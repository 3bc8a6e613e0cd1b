"""Colours of the layers: the mask being made, accepted masks, selected ones."""

import colorsys
from collections.abc import Sequence
from typing import Any

from napari.utils.colormaps import DirectLabelColormap

ORANGE, BLUE, WHITE = "#ffb000", "#3d9dff", "#ffffff"
"""Told apart by everybody, also without red or green."""
FAINT = 0.35
"""Opacity of masks beside selected ones."""


def sign_colour(positive: bool) -> str:
    """Of clicks and strokes: green for what belongs, red for what does not."""
    return "#2ee66b" if positive else "#ff4d4d"


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
    """Hues a golden angle apart, so that neighbours differ."""
    red, green, blue = colorsys.hsv_to_rgb(value * 0.618034 % 1.0, 0.65, 0.95)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
