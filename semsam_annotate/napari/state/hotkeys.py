"""Which letter accepts with which name: the project's own hotkeys first, then letters of the name, then any."""

from collections.abc import Iterable
from string import ascii_lowercase

from semsam_annotate.annotations import ObjectClass, PartClass

ClassOf = ObjectClass | PartClass


def hotkeys(classes: Iterable[ClassOf]) -> dict[str, ClassOf]:
    """Letter (lower case) -> class; every class has one at most, those beyond twenty-six have none."""
    listed = list(classes)
    keys = {item.hotkey.lower(): item for item in listed if item.hotkey is not None and is_letter(item.hotkey)}
    for item in listed:
        free = [key for key in (*item.name.lower(), *ascii_lowercase) if key in ascii_lowercase and key not in keys]
        if free and not any(other is item for other in keys.values()):
            keys[free[0]] = item
    return keys


def is_letter(key: str) -> bool:
    """Whether a hotkey of the project can be used here: digits choose masks, other keys have their meaning."""
    return len(key) == 1 and key.lower() in ascii_lowercase
