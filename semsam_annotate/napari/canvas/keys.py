"""The keys, bound on the viewer and on every layer: a layer's own keys would hide those of the viewer."""

from collections.abc import Callable
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
    "PageDown": "next",
    "PageUp": "previous",
}
"""Key and the action it starts."""


class KeyBindings:
    """Binds ``KEYS`` on keymaps and takes exactly those bindings away again."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions
        self._bound: list[tuple[Any, dict[Any, Any]]] = []

    def bind(self, provider: Any) -> None:
        """Bind on a viewer or a layer; binding twice changes nothing."""
        if any(other is provider for other, _ in self._bound):
            return
        before = dict(provider.keymap)
        for key, name in KEYS.items():
            provider.bind_key(key, _caller(self._actions[name]), overwrite=True)
        self._bound.append((provider, before))

    def unbind_all(self) -> None:
        """Put every keymap back as it was."""
        for provider, before in self._bound:
            for key in [key for key in provider.keymap if key not in before]:
                del provider.keymap[key]
            provider.keymap.update(before)
        self._bound = []

    def forget(self, provider: Any) -> None:
        """Drop a layer that left the viewer."""
        self._bound = [(other, before) for other, before in self._bound if other is not provider]


def _caller(action: Callable[[], object]) -> Callable[[Any], None]:
    def run(_: Any) -> None:
        action()

    return run
