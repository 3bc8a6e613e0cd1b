"""The keys, bound on the viewer and on every layer: a layer's own keys would hide those of the viewer."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from napari.utils.key_bindings import coerce_keybinding

from semsam_annotate.napari.canvas.keys import KEYS
from semsam_annotate.napari.canvas.shortcuts import Shortcuts, Startable

Actions = dict[str, Callable[[], object]]


class KeyBindings:
    """Binds the keys as the person set them on keymaps and takes exactly those bindings away again.

    ``characters``, single ones, are bound where nobody else has a use for them: on the viewer, on images and on layers
    of our own, not on layers that people draw in, whose tools have such keys.
    """

    def __init__(self, actions: Actions) -> None:
        self.shortcuts = Shortcuts()
        self._start = Startable(lambda name: actions[name]())
        self._fixed = {key.key: actions[key.action] for key in KEYS if key.fixed}
        self._characters: dict[str, Callable[[], object]] = {}
        self._bound: list[tuple[Any, dict[Any, Any], bool]] = []
        self.shortcuts.changed.connect(self._bind_anew)

    def bind(self, provider: Any, characters: bool) -> None:
        """Bind on a viewer or a layer, ``characters`` too; binding twice changes nothing."""
        if not any(other is provider for other, _, _ in self._bound):
            self._bound.append((provider, dict(provider.keymap), characters))
            self._apply(provider, characters)

    def set_characters(self, keys: Mapping[str, Callable[[], object]]) -> None:
        """The single characters and what they start from now on."""
        self._characters = dict(keys)
        self._bind_anew()

    def unbind_all(self) -> None:
        """Put every keymap back as it was."""
        self.shortcuts.release()
        for provider, before, _ in self._bound:
            _restore(provider, before)
        self._bound = []

    def forget(self, provider: Any) -> None:
        """Drop a layer that left the viewer."""
        self._bound = [bound for bound in self._bound if bound[0] is not provider]

    def _bind_anew(self) -> None:
        for provider, before, characters in self._bound:
            _restore(provider, before)
            self._apply(provider, characters)

    def _apply(self, provider: Any, characters: bool) -> None:
        for keys in (self._characters if characters else {}, self._fixed):
            for key, action in keys.items():
                provider.bind_key(coerce_keybinding(key), _caller(action), overwrite=True)
        for key, command in Startable.class_keymap.items():
            provider.bind_key(key, _caller(partial(command, self._start)), overwrite=True)


def _restore(provider: Any, before: dict[Any, Any]) -> None:
    for key in [key for key in provider.keymap if key not in before]:
        del provider.keymap[key]
    provider.keymap.update(before)


def _caller(action: Callable[[], object]) -> Callable[[Any], None]:
    def run(_: Any) -> None:
        action()

    return run
