"""The one list of keys and mouse gestures: bindings, the help, buttons and napari's shortcut editor come from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from napari.utils.key_bindings import coerce_keybinding


@dataclass(frozen=True)
class Key:
    """A key on every layer, as napari writes it, the action it starts, and what that does."""

    key: str
    action: str
    does: str
    fixed: bool = False
    """Whether it stays whatever a person sets: napari's shortcut editor knows no page and function keys."""


@dataclass(frozen=True)
class Gesture:
    """What the mouse, or a key that others bind, does."""

    how: str
    does: str


KEYMAP: dict[str, tuple[Key | Gesture, ...]] = {
    "Point": (
        Gesture("Click", "new mask"),
        Gesture("Shift+click", "add to the mask"),
        Gesture("Alt+click, right click", "take away from the mask"),
        Gesture("Shift+drag", "box around the object"),
        Gesture("Ctrl+drag", "stroke that belongs"),
        Gesture("Alt+drag", "stroke that does not belong"),
        Key("Shift-V", "paste", "start from the label chosen in another layer"),
        Key("Shift-H", "hover", "outline the mask under the pointer, or not"),
    ),
    "Choose": (
        Gesture("Shift+wheel", "along the masks, up to larger ones"),
        Key("[", "smaller", "smaller mask; narrower brush"),
        Key("]", "larger", "larger mask; wider brush"),
        Gesture("1 … 6", "that mask of the list"),
    ),
    "Accept": (
        Key("Enter", "accept", "accept the mask"),
        Gesture("A letter", "accept with the name it stands for"),
        Key("Escape", "drop", "drop the mask"),
        Key("Shift-T", "touch up", "touch the mask up, or draw one by hand"),
        Gesture("P  E  F  3", "then: brush, eraser, fill, polygon"),
    ),
    "Take back": (
        Key("Control-Z", "undo", "take back, without end"),
        Key("Control-Shift-Z", "redo", "do again"),
    ),
    "Everything in the image": (
        Key("Tab", "propose", "find everything; next mask"),
        Key("Shift-Tab", "propose back", "previous mask"),
        Key("Backspace", "reject", "never show this mask again"),
    ),
    "Accepted masks": (
        Key("Shift-S", "select", "select the mask under the pointer"),
        Key("Delete", "delete", "delete the mask under the pointer"),
        Key("Shift-C", "carry", "carry masks over to the next plane or image"),
        Key("Shift-A", "carry on", "carry on until one is in doubt"),
    ),
    "Images": (
        Key("PageDown", "next", "next image", fixed=True),
        Key("PageUp", "previous", "previous image", fixed=True),
        Key("Shift-D", "done", "this image is done"),
        Key("Shift-K", "skip", "skip this image"),
        Key("Shift-N", "most useful", "the most useful image to go on with"),
        Key("Shift-F", "tile", "the tile in the middle, of a very large image"),
        Key("Control-E", "export", "export COCO and part JSON"),
        Key("F1", "help", "show or hide these keys", fixed=True),
    ),
}
"""What one does, and how."""

KEYS = tuple(row for rows in KEYMAP.values() for row in rows if isinstance(row, Key))

Bound = Mapping[str, Sequence[str]]
"""Keys of every action, as napari writes them."""

DEFAULTS = {key.action: (str(coerce_keybinding(key.key)),) for key in KEYS}


@cache
def readable(key: str) -> str:
    """A key as people write it on this system: "Ctrl+Shift+Z", "Esc"."""
    return str(coerce_keybinding(key).to_text()).replace("Escape", "Esc")


def key_of(action: str, bound: Bound = DEFAULTS) -> str:
    """The first key of an action, for people; "" when it has none."""
    keys = bound.get(action, ())
    return readable(keys[0]) if keys else ""


def named_keys(bound: Bound = DEFAULTS) -> dict[str, str]:
    """Every action with its key, for sentences; "its button" without one."""
    return {action: key_of(action, bound) or "its button" for action in DEFAULTS}


def help_rows(bound: Bound = DEFAULTS) -> dict[str, list[tuple[str, str]]]:
    """What one does -> (how, what it does), for people; actions that lost their keys are left out."""
    return {title: [row for row in (_row(item, bound) for item in rows) if row[0]] for title, rows in KEYMAP.items()}


def _row(item: Key | Gesture, bound: Bound) -> tuple[str, str]:
    if isinstance(item, Gesture):
        return item.how, item.does
    return ", ".join(readable(key) for key in bound.get(item.action, ())), item.does
