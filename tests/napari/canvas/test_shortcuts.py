"""One list of keys: bound, shown in napari's shortcut editor, changed there, and nobody else's keys are touched."""

import warnings

import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels
from napari.settings import get_settings
from napari.utils.action_manager import action_manager
from napari.utils.key_bindings import coerce_keybinding

from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.canvas.key_bindings import KeyBindings
from semsam_annotate.napari.canvas.keys import DEFAULTS, KEYMAP, KEYS, help_rows, key_of, readable
from semsam_annotate.napari.canvas.shortcuts import PREFIX, Shortcuts
from semsam_annotate.napari.state.session import AnnotationSession

CLASSES = (ViewerModel, Image, Labels)
PART = (60.0, 70.0)


@pytest.fixture
def settings():
    settings = get_settings().shortcuts
    before = dict(settings.shortcuts)
    yield settings
    settings.shortcuts = before


def test_no_key_and_no_action_comes_twice():
    assert len({key.action for key in KEYS}) == len(KEYS) == len({DEFAULTS[key.action] for key in KEYS})
    assert [row for rows in KEYMAP.values() for row in rows if not row.does] == []


def test_every_action_has_something_to_start(annotator):
    assert {key.action for key in KEYS} <= set(annotator.actions)


def test_napari_keeps_its_own_keys(viewer, ledger, worker):
    own = [{str(key) for key in kind.class_keymap} for kind in CLASSES]
    annotator = Annotator(viewer, AnnotationSession(ledger), worker)
    assert [{str(key) for key in kind.class_keymap} for kind in CLASSES] == own
    annotator.close()


def test_a_key_set_in_naparis_settings_counts_at_once_and_the_old_one_does_not(annotator, hand, settings):
    hand.click(PART)
    settings.shortcuts = {**settings.shortcuts, f"{PREFIX}accept": ["Ctrl+J"]}
    assert key_of("accept", annotator.shortcuts.bound) == "Ctrl+J"
    hand.press("Control-J", annotator.layers.accepted)
    assert len(annotator.session.accepted) == 1
    assert coerce_keybinding("Enter") not in annotator.layers.candidate.keymap
    settings.shortcuts = {name: keys for name, keys in settings.shortcuts.items() if not name.startswith(PREFIX)}
    hand.click(PART)
    hand.press("Enter")
    assert len(annotator.session.accepted) == 2


def test_a_key_taken_away_stays_away_in_the_next_window(settings, viewer):
    settings.shortcuts = {**settings.shortcuts, f"{PREFIX}most_useful": []}
    keys = KeyBindings({key.action: lambda: None for key in KEYS})
    keys.bind(viewer, characters=False)
    assert coerce_keybinding("Shift-N") not in viewer.keymap
    assert ("", "the most useful image to go on with") not in help_rows(keys.shortcuts.bound)["Images"]
    assert key_of("most useful", keys.shortcuts.bound) == ""
    keys.unbind_all()
    assert not [key for key in viewer.keymap if "N" in str(key)]


def test_without_changes_the_settings_hold_none_of_ours(settings):
    shortcuts = Shortcuts()
    assert not [name for name in settings.shortcuts if name.startswith(PREFIX)]
    assert shortcuts.bound == DEFAULTS
    shortcuts.release()


def test_napari_finds_nothing_wrong_with_the_keys_it_is_told(annotator):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        action_manager.unbind_shortcut(f"{PREFIX}accept")
        action_manager.bind_shortcut(f"{PREFIX}accept", coerce_keybinding("Enter"))


def test_keys_are_written_as_people_write_them():
    assert readable("Control-Shift-Z") in ("Ctrl+Shift+Z", "Cmd+Shift+Z")
    assert [readable(key) for key in ("Escape", "[", "PageDown")] == ["Esc", "[", "PageDown"]


def test_the_guide_names_every_key(root):
    text = (root / "docs" / "napari.md").read_text(encoding="utf-8")
    assert [key.key for key in KEYS if f"`{readable(key.key)}`" not in text and readable(key.key) not in text] == []
