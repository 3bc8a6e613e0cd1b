"""The classes of a project: what objects and parts are called, drawn like, and which key chooses them."""

import colorsys
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from semsam_annotate.api import BadInput

_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True)
class ObjectClass:
    """An object name with its colour ("#rrggbb") and hotkey (one key or None)."""

    name: str
    color: str = ""
    hotkey: str | None = None

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True)
class PartClass:
    """A bare part name with its colour and hotkey, and the ``objects`` it belongs to; empty: to any."""

    name: str
    color: str = ""
    hotkey: str | None = None
    objects: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check(self)
        object.__setattr__(self, "objects", _texts(self.objects, f"objects of part {self.name!r}"))


def colour_of(name: str) -> str:
    """A clear colour that follows from the name, the same in every project."""
    number = int.from_bytes(hashlib.sha256(name.encode("utf-8")).digest()[:4], "big")
    red, green, blue = colorsys.hsv_to_rgb(number / 2**32, 0.65 + (number % 7) * 0.05, 0.95)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def check_names(classes: Iterable[ObjectClass | PartClass], kind: str) -> None:
    """BadInput when a name comes twice."""
    names = [item.name for item in classes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadInput(f"{kind} names must differ, these come twice: {', '.join(twice)}")


def check_hotkeys(classes: Iterable[ObjectClass | PartClass]) -> None:
    """BadInput when a key chooses two classes."""
    chosen: dict[str, str] = {}
    for item in classes:
        if item.hotkey is None:
            continue
        if item.hotkey in chosen:
            raise BadInput(f"hotkey {item.hotkey!r} is given to both {chosen[item.hotkey]!r} and {item.name!r}")
        chosen[item.hotkey] = item.name


def _texts(values: Any, what: str) -> tuple[str, ...]:
    if isinstance(values, str) or not all(isinstance(value, str) for value in values):
        raise BadInput(f"{what} are a list of texts, not {values!r}")
    return tuple(values)


def _check(item: ObjectClass | PartClass) -> None:
    if not isinstance(item.name, str) or not item.name.strip() or ":" in item.name:
        raise BadInput(f"a class needs a name without colon, not {item.name!r}")
    if any("\ud800" <= letter <= "\udfff" for letter in item.name):
        raise BadInput(f"the class {item.name!r} has a character that cannot be stored")
    object.__setattr__(item, "name", item.name.strip())
    colour = item.color or colour_of(item.name)
    if not isinstance(colour, str) or not _COLOUR.fullmatch(colour.lower()):
        raise BadInput(f'the color of {item.name!r} is "#rrggbb", not {item.color!r}')
    object.__setattr__(item, "color", colour.lower())
    if item.hotkey is not None and (not isinstance(item.hotkey, str) or not item.hotkey):
        raise BadInput(f"the hotkey of {item.name!r} is the name of a key, not {item.hotkey!r}")
