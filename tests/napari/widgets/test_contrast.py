"""What the plugin draws in colours of its own is read and seen on napari's dark and light style, by everybody.

Contrast is that of WCAG 2.2, distance that of CIELAB; deficiencies of colour vision are those of Machado, Oliveira and
Fernandes (2009), severity 1, on linear RGB.
"""

from itertools import combinations

import numpy as np
import pytest
from napari.utils.theme import get_theme
from numpy.typing import NDArray
from skimage.color import rgb2lab

from semsam_annotate.annotations.palette import PALETTE
from semsam_annotate.napari.canvas.colours import BLUE, EDGE, ORANGE, WHITE, sign_colour
from semsam_annotate.napari.widgets.empty_state import OPACITY
from semsam_annotate.napari.widgets.ladder_list import CHOSEN
from semsam_annotate.napari.widgets.loss_curve import CURVE

TEXT, GRAPHICS = 4.5, 3.0
"""Least contrasts of WCAG AA."""

STYLES = ("dark", "light")

APART = 13.0
"""Least distance in CIELAB; 2.3 is just seen, ten is seen at a glance."""

VISIONS = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def contrast(one: str, other: str) -> float:
    """Of two colours "#rrggbb", 1 to 21."""
    low, high = sorted(float(_linear(colour) @ (0.2126, 0.7152, 0.0722)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def distance(one: str, other: str, vision: str = "usual") -> float:
    """CIE76 distance of two colours "#rrggbb" as this vision sees them."""
    return float(np.linalg.norm(_seen(one, vision) - _seen(other, vision)))


def blended(colour: str, opacity: float, on: str) -> str:
    """A colour laid over another one."""
    mixed = [round(opacity * a + (1 - opacity) * b) for a, b in zip(_bytes(colour), _bytes(on), strict=True)]
    return "#" + "".join(f"{value:02x}" for value in mixed)


def _seen(colour: str, vision: str) -> NDArray[np.float64]:
    linear = np.clip(np.array(VISIONS[vision]) @ _linear(colour), 0, 1)
    return rgb2lab(np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055))


def _linear(colour: str) -> NDArray[np.float64]:
    value = np.array(_bytes(colour)) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _bytes(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def themed(style: str, name: str) -> str:
    red, green, blue = getattr(get_theme(style), name).as_rgb_tuple()[:3]
    return f"#{red:02x}{green:02x}{blue:02x}"


@pytest.mark.parametrize("style", STYLES)
def test_texts_are_read(style):
    text = themed(style, "text")
    for ground in ("background", "foreground"):
        assert contrast(text, themed(style, ground)) >= TEXT
        assert contrast(blended(text, OPACITY, themed(style, ground)), themed(style, ground)) >= TEXT
    assert contrast("#ffffff", CHOSEN) >= TEXT


@pytest.mark.parametrize("style", STYLES)
def test_lines_are_seen(style):
    assert contrast(CURVE.name(), themed(style, "background")) >= GRAPHICS
    assert contrast(EDGE, themed(style, "background")) >= GRAPHICS  # of the guide, of the keys
    assert contrast(EDGE, themed(style, "foreground")) >= GRAPHICS  # of a name's colour in a list


@pytest.mark.parametrize("vision", VISIONS)
def test_the_mask_made_others_selected_and_signs_are_told_apart(vision):
    for pair in (*combinations((ORANGE, BLUE, WHITE), 2), (sign_colour(True), sign_colour(False))):
        assert distance(*pair, vision) > 30, pair


def test_the_sums_are_those_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert distance("#ffffff", "#000000") == pytest.approx(100, abs=0.1)
    assert distance("#ff0000", "#00b000", "deuteranopia") < distance("#ff0000", "#00b000") / 2


@pytest.mark.parametrize("vision", VISIONS)
def test_the_palette_is_told_apart_with_any_colour_vision(vision):
    assert min(distance(*pair, vision) for pair in combinations(PALETTE, 2)) > APART


def test_all_of_the_palette_is_seen_on_a_black_canvas():
    assert min(contrast(colour, "#000000") for colour in PALETTE) >= GRAPHICS
