"""The keys, bound on the viewer and on every layer: a layer's own keys would hide those of the viewer."""

from collections.abc import Callable, Mapping
from typing import Any

Actions = dict[str, Callable[[], object]]

KEYS: dict[str, str] = {
    "[": "smaller",
    "]": "larger",
    "Enter": "accept",
    "Escape": "drop",
    "Control-Z": "undo",
    "Control-Shift-Z": "redo",
    "Control-E": "export",
    "Delete": "delete",
    "Tab": "propose",
    "Shift-Tab": "propose back",
    "Backspace": "reject",
    "Shift-S": "select",
    "Shift-V": "paste",
    "Shift-H": "hover",
    "Shift-T": "touch up",
    "Shift-C": "carry",
    "Shift-A": "carry on",
    "Shift-D": "done",
    "Shift-K": "skip",
    "PageDown": "next",
    "PageUp": "previous",
    "Shift-N": "most useful",
}
"""Key and the action it starts, on every layer."""


class KeyBindings:
    """Binds ``KEYS`` on keymaps and takes exactly those bindings away again.

    ``keys``, single characters, are bound where nobody else has a use for them: on the viewer, on images and on layers
    of our own, not on layers that people draw in, whose tools have such keys.
    """

    def __init__(self, actions: Actions) -> None:
        self._actions = actions
        self._keys: dict[str, Callable[[], object]] = {}
        self._bound: list[tuple[Any, dict[Any, Any], bool]] = []

    def bind(self, provider: Any, characters: bool) -> None:
        """Bind on a viewer or a layer, ``characters`` too; binding twice changes nothing."""
        if not any(other is provider for other, _, _ in self._bound):
            self._bound.append((provider, dict(provider.keymap), characters))
            self._apply(provider, characters)

    def set_characters(self, keys: Mapping[str, Callable[[], object]]) -> None:
        """The single characters and what they start from now on."""
        self._keys = dict(keys)
        for provider, before, characters in self._bound:
            _restore(provider, before)
            self._apply(provider, characters)

    def unbind_all(self) -> None:
        """Put every keymap back as it was."""
        for provider, before, _ in self._bound:
            _restore(provider, before)
        self._bound = []

    def forget(self, provider: Any) -> None:
        """Drop a layer that left the viewer."""
        self._bound = [bound for bound in self._bound if bound[0] is not provider]

    def _apply(self, provider: Any, characters: bool) -> None:
        wanted = {key: self._actions[name] for key, name in KEYS.items()}
        for key, action in (wanted | (self._keys if characters else {})).items():
            provider.bind_key(key, _caller(action), overwrite=True)


def _restore(provider: Any, before: dict[Any, Any]) -> None:
    for key in [key for key in provider.keymap if key not in before]:
        del provider.keymap[key]
    provider.keymap.update(before)


def _caller(action: Callable[[], object]) -> Callable[[Any], None]:
    def run(_: Any) -> None:
        action()

    return run
