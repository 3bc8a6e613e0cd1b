"""The keys on buttons and over the canvas: every one, the one that counts, and readable in any window."""

import pytest
from napari._qt.dialogs.preferences_dialog import PreferencesDialog
from napari._qt.widgets.qt_keyboard_settings import ShortcutEditor
from napari.settings import get_settings
from qtpy.QtCore import QEventLoop, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLabel, QMainWindow, QPushButton, QWidget

from semsam_annotate.napari.canvas.keys import DEFAULTS, KEYMAP, help_rows, key_of
from semsam_annotate.napari.canvas.shortcuts import PREFIX, Shortcuts
from semsam_annotate.napari.widgets.buttons import KeyedButton, show_keys
from semsam_annotate.napari.widgets.carry_box import CarryBox
from semsam_annotate.napari.widgets.effects_box import EffectsBox
from semsam_annotate.napari.widgets.image_tab import ImageTab
from semsam_annotate.napari.widgets.keys_overlay import KeysOverlay, balanced
from semsam_annotate.napari.widgets.panel import AnnotationPanel
from semsam_annotate.napari.widgets.train_tab import TrainTab

pytestmark = pytest.mark.window


@pytest.fixture
def tabs(qapp):
    tabs = [AnnotationPanel(), ImageTab(), EffectsBox(), TrainTab()]
    yield tabs
    for tab in tabs:
        tab.deleteLater()


def test_every_button_has_a_tooltip_that_names_its_key_if_it_has_one(tabs):
    buttons = [button for tab in tabs for button in tab.findChildren(QPushButton)]
    assert len(buttons) > 30
    assert [button.text() for button in buttons if not button.toolTip()] == []
    keyed = [button for button in buttons if isinstance(button, KeyedButton) and button.action in DEFAULTS]
    assert {button.action for button in keyed} >= {"accept", "undo", "propose", "carry", "done", "touch up", "export"}
    assert [button.text() for button in keyed if f"({key_of(button.action)})" not in button.toolTip()] == []


def test_buttons_of_actions_with_keys_are_keyed(tabs):
    named = [pair for tab in tabs for box in (tab, *tab.findChildren(QWidget)) for pair in _buttons(box)]
    assert [name for name, button in named if name in DEFAULTS and not isinstance(button, KeyedButton)] == []


def _buttons(box):
    return () if box.__class__.__name__ in ("MaskBox", "TrainTab") else getattr(box, "buttons", {}).items()


def test_a_key_that_is_changed_is_another_one_on_the_button_at_once(qapp):
    box, shortcuts, settings = CarryBox(), Shortcuts(), get_settings().shortcuts
    before = dict(settings.shortcuts)
    shortcuts.changed.connect(lambda: show_keys(box, shortcuts.bound))
    settings.shortcuts = {**before, f"{PREFIX}carry": ["Ctrl+J"], f"{PREFIX}carry_on": []}
    assert (box.buttons["carry"].text(), box.buttons["carry on"].text()) == ("Next  (Ctrl+J)", "Onwards")
    settings.shortcuts = before
    assert box.buttons["carry on"].text() == "Onwards  (Shift+A)"
    shortcuts.release()
    box.deleteLater()


def test_naparis_own_editor_lists_the_actions_and_changes_their_keys(qapp):
    shortcuts, settings = Shortcuts(), get_settings().shortcuts
    before, dialog = dict(settings.shortcuts), PreferencesDialog()
    table = dialog.findChild(ShortcutEditor)._table
    (row,) = (row for row in range(table.rowCount()) if table.item(row, 0).text() == "semsam: accept the mask")
    table.item(row, 2).setText("Ctrl+J")
    assert shortcuts.bound == {**DEFAULTS, "accept": ("Ctrl+J",)}
    settings.shortcuts = before
    assert shortcuts.bound == DEFAULTS
    shortcuts.release()
    dialog.close()
    dialog.deleteLater()


@pytest.fixture
def canvas(qapp):
    window, canvas = QMainWindow(), QWidget()
    window.setCentralWidget(canvas)
    window.resize(900, 700)
    window.show()
    yield canvas
    window.close()
    window.deleteLater()


@pytest.mark.parametrize("size", [(350, 300), (900, 700), (3000, 1800)])
def test_the_overlay_shows_every_key_as_wide_as_the_window_allows(canvas, size):
    canvas.window().resize(*size)
    QEventLoop().processEvents()
    overlay = KeysOverlay(canvas)
    assert overlay.isHidden()
    overlay.toggle()
    QEventLoop().processEvents()
    text = "".join(label.text() for label in overlay.findChildren(QLabel))
    assert [row for rows in help_rows().values() for row in rows if f"<b>{row[0]}</b>" not in text] == []
    assert canvas.window().rect().contains(overlay.geometry())
    for label in overlay.area.widget().findChildren(QLabel):
        assert label.height() >= label.heightForWidth(label.width())
        assert label.geometry().right() <= overlay.area.viewport().width()


def test_esc_on_the_canvas_hides_it_first(canvas):
    overlay = KeysOverlay(canvas)
    overlay.toggle()
    heard = []
    canvas.keyPressEvent = heard.append
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert overlay.isHidden()
    assert not heard
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert len(heard) == 1


@pytest.mark.parametrize("columns", [1, 2, 3, 9])
def test_columns_hold_every_group_once_in_order(columns):
    groups = list(help_rows().items())
    found = balanced(groups, columns)
    assert len(found) <= columns
    assert [title for column in found for title, _ in column] == list(KEYMAP)
