"""The keys in napari's own editor, Preferences → Shortcuts: listed and changed there, read from its settings here.

napari binds an action's keys on a class. On its viewer or layers that would take keys of napari's own away from
everybody, without the dock too; so the actions belong to a class of ours, from which ``KeyBindings`` takes their keys.
"""

import warnings
from collections.abc import Callable

from napari.settings import get_settings
from napari.utils.action_manager import action_manager
from napari.utils.key_bindings import KeymapProvider, coerce_keybinding
from psygnal import Signal

from semsam_annotate.napari.canvas.keys import DEFAULTS, KEYS, Key

PREFIX = "semsam-annotate:"
Start = Callable[[str], object]


class Startable(KeymapProvider):  # type: ignore[misc]
    """Has the keys that the editor shows on its class; an instance starts an annotator's actions by name."""

    def __init__(self, start: Start) -> None:
        super().__init__()
        self.start = start


class Shortcuts:
    """The keys of every action as the person set them; follows napari's settings until ``release``."""

    changed = Signal()
    """Actions have other keys."""

    def __init__(self) -> None:
        register()
        self.bound = _chosen()
        self._events = get_settings().shortcuts.events.shortcuts
        self._events.connect(self._follow)

    def release(self) -> None:
        """Follow no more."""
        self._events.disconnect(self._follow)

    def _follow(self, _: object = None) -> None:
        chosen = _chosen()
        if chosen != self.bound:
            self.bound = chosen
            _bind(chosen)
            self.changed.emit()


def register() -> None:
    """List the actions in napari's editor; doing it again changes nothing.

    Before a viewer is made, napari does not warn of keys in its settings that belong to nobody yet.
    """
    for key in KEYS:
        if not key.fixed:
            action_manager.register_action(_name(key), _command(key.action), f"semsam: {key.does}", Startable)
    _bind(_chosen())


def _chosen() -> dict[str, tuple[str, ...]]:
    stored = get_settings().shortcuts.shortcuts
    return {
        key.action: tuple(str(one) for one in stored.get(_name(key), []))
        if _name(key) in stored
        else DEFAULTS[key.action]
        for key in KEYS
    }


def _bind(chosen: dict[str, tuple[str, ...]]) -> None:
    with warnings.catch_warnings(action="ignore"):
        for key in KEYS:
            if not key.fixed:
                action_manager.unbind_shortcut(_name(key))
                for one in chosen[key.action]:
                    action_manager.bind_shortcut(_name(key), coerce_keybinding(one))


def _name(key: Key) -> str:
    return PREFIX + key.action.replace(" ", "_")


def _command(action: str) -> Callable[[Startable], None]:
    def command(keys: Startable) -> None:
        keys.start(action)

    return command
