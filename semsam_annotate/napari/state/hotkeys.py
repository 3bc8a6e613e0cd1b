"""Which letter accepts with which name: the project's own hotkeys, then those given, letters of the name, any."""

from collections.abc import Iterable, Mapping
from string import ascii_lowercase

from semsam_annotate.annotations import ObjectClass, PartClass

ClassOf = ObjectClass | PartClass


def hotkeys(classes: Iterable[ClassOf], given: Mapping[str, ClassOf] | None = None) -> dict[str, ClassOf]:
    """Letter (lower case) -> class; every class has one at most, those beyond twenty-six have none.

    ``given``: letters that somebody has in the fingers by now; each stays with its class while that is there.
    """
    listed = list(classes)
    keys = {item.hotkey.lower(): item for item in listed if item.hotkey is not None and is_letter(item.hotkey)}
    known = {_name(item): item for item in listed if item not in keys.values()}
    kept = {letter: known.get(_name(item)) for letter, item in (given or {}).items() if letter not in keys}
    keys |= {letter: item for letter, item in kept.items() if item is not None}
    for item in listed:
        free = [key for key in (*item.name.lower(), *ascii_lowercase) if key in ascii_lowercase and key not in keys]
        if free and not any(other is item for other in keys.values()):
            keys[free[0]] = item
    return keys


def _name(item: ClassOf) -> tuple[type, str]:
    """What a class is known by when its colour or its owners changed."""
    return type(item), item.name


def is_letter(key: str) -> bool:
    """Whether a hotkey of the project can be used here: digits choose masks, other keys have their meaning."""
    return len(key) == 1 and key.lower() in ascii_lowercase
