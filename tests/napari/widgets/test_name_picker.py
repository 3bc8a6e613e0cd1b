"""Enter takes the name that was typed; another one only when the person chose it."""

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from semsam_annotate.napari.widgets.label_form import LabelForm
from semsam_annotate.napari.widgets.name_picker import NamePicker


@pytest.fixture
def picker(qtbot):
    picker = NamePicker("Object", "unnamed")
    qtbot.addWidget(picker)
    picker.show_names(["carpet", "car", "human", "handle"], {}, {})
    picker.stored, picker.meanwhile = [], []
    picker.committed.connect(picker.stored.append)
    picker.chosen.connect(picker.meanwhile.append)
    return picker


def keys(picker, text, *others):
    QTest.keyClicks(picker.edit, text)
    for key in (*others, Qt.Key.Key_Return):
        QTest.keyClick(picker.edit, key)


@pytest.mark.parametrize(("typed", "name"), [("car", "car"), ("CAR", "car"), ("man", "man"), ("hand", "hand")])
def test_enter_takes_the_text_as_it_is_typed(picker, typed, name):
    picker.show_guesses([("carpet", 0.6), ("human", 0.3)])
    keys(picker, typed)
    assert picker.stored == [name]
    assert picker.meanwhile[-2:] == [name, name]


def test_down_and_tab_choose_a_name_that_begins_with_the_text(picker):
    keys(picker, "hu", Qt.Key.Key_Down)
    picker.edit.clear()
    keys(picker, "han", Qt.Key.Key_Tab)
    assert picker.stored == ["human", "handle"]


def test_tab_leaves_the_line_where_it_completes_nothing(picker):
    assert not picker._complete()
    QTest.keyClicks(picker.edit, "man")
    assert not picker._complete()


def test_a_new_guess_leaves_what_was_typed_or_chosen(picker):
    QTest.keyClicks(picker.edit, "hu")
    picker.show_guesses([("handle", 0.9)])
    assert picker._current() == "hu"
    QTest.keyClick(picker.edit, Qt.Key.Key_Down)
    picker.show_guesses([("human", 0.9)])
    keys(picker, "")
    assert picker.stored == ["human"]


def test_a_new_name_outlives_the_focus(picker):
    QTest.keyClicks(picker.edit, "zebra")
    picker.show_name("zebra")
    picker._typed = ""
    picker._fill()
    keys(picker, "")
    assert picker.stored == ["zebra"]


def test_blanks_are_no_name(picker):
    picker.show_guesses([("carpet", 0.6)])
    keys(picker, "  ")
    assert picker.stored == [""]


@pytest.mark.parametrize(("typed", "stored"), [("car", ["car"]), ("zebra", ["zebra"]), ("  ", []), ("", [])])
def test_going_on_to_the_other_line_takes_what_was_typed(qtbot, typed, stored):
    form, seen = LabelForm(), []
    qtbot.addWidget(form)
    form.show_names((["carpet", "car"], {}, {}), (["door"], {}, {}))
    for name in ("committed", "entered"):
        getattr(form.object, name).connect(lambda *given, name=name: seen.append((name, *given)))
    form.show()
    form.activateWindow()
    qtbot.waitUntil(form.isActiveWindow)
    form.object.edit.setFocus()
    QTest.keyClicks(form.object.edit, typed)
    form.part.edit.setFocus(Qt.FocusReason.TabFocusReason)
    assert seen == [("committed", name) for name in stored]
    assert form.part.edit.hasFocus()


def test_a_click_elsewhere_drops_half_a_name(qtbot):
    form, stored = LabelForm(), []
    qtbot.addWidget(form)
    form.object.committed.connect(stored.append)
    form.show()
    form.activateWindow()
    qtbot.waitUntil(form.isActiveWindow)
    form.object.edit.setFocus()
    QTest.keyClicks(form.object.edit, "ca")
    form.object.edit.clearFocus()
    assert stored == []
