"""The guide's strip: what it shows, how narrow it can be, and that closing it is kept."""

import napari.settings
import pytest
from qtpy.QtCore import QEventLoop
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from semsam_annotate.napari.canvas.keys import DEFAULTS
from semsam_annotate.napari.files.settings import PAGE, PLUGIN, keep_guide_closed, read_preferences
from semsam_annotate.napari.state.guide import STEPS, Guide
from semsam_annotate.napari.widgets.guide_strip import GuideStrip

pytestmark = pytest.mark.window
NARROW = 304


@pytest.fixture
def strip(qapp):
    strip = GuideStrip(Guide())
    yield strip
    strip.deleteLater()


@pytest.mark.parametrize("width", [NARROW, 330, 420])
@pytest.mark.parametrize("pixels", [10, 14, 19])
def test_every_step_fits_its_dock_and_nothing_below_moves(strip, width, pixels):
    window, below = QWidget(), QLabel("the list of masks")
    layout = QVBoxLayout(window)
    layout.addWidget(strip)
    layout.addWidget(below, 1)
    window.setStyleSheet(f"QLabel {{ font-size: {pixels}px }}")
    window.setFixedSize(width, 700)
    strip._guide.start()
    strip._guide.skip()  # the first step has the sample's button below it
    window.show()
    places = set()
    for _ in STEPS[1:]:
        QEventLoop().processEvents()
        assert strip.text.heightForWidth(strip.text.width()) <= strip.text.height(), strip.text.text()
        places.add(below.y())
        strip._guide.skip()
    assert len(places) == 1
    assert strip.isHidden()
    strip.setParent(None)
    window.deleteLater()


def test_the_samples_button_is_there_in_the_first_step_alone(strip):
    strip._guide.start()
    for place in range(len(STEPS)):
        assert strip.sample.isHidden() == (place > 0)
        strip._guide.skip()


def test_a_theme_with_a_larger_font_makes_more_room_at_once(strip, qapp):
    window = QWidget()
    QVBoxLayout(window).addWidget(strip)
    strip._guide.start()
    window.setFixedSize(NARROW, 600)
    window.show()
    QEventLoop().processEvents()
    window.setStyleSheet("QLabel { font-size: 22px }")
    QEventLoop().processEvents()
    for _ in STEPS:
        assert strip.text.heightForWidth(strip.text.width()) <= strip.text.minimumHeight(), strip.text.text()
        strip._guide.skip()
    strip.setParent(None)
    window.deleteLater()


def test_it_names_the_keys_that_count_and_a_button_where_there_is_none(strip):
    strip._guide.start()
    for _ in range(8):
        strip._guide.skip()
    strip.show_keys({**DEFAULTS, "undo": ("Ctrl+J",)})
    assert "Press Ctrl+J:" in strip.text.text()
    strip.show_keys({**DEFAULTS, "undo": ()})
    assert "Press its button:" in strip.text.text()


def test_it_closes_and_that_is_kept(strip):
    if not hasattr(napari.settings, "get_plugin_settings"):
        pytest.skip("this napari keeps no settings of plugins: the guide is shown in every new window")
    page = getattr(napari.settings.get_plugin_settings(PLUGIN), PAGE)
    assert read_preferences().guide
    strip._guide.closed.connect(keep_guide_closed)
    strip._guide.start()
    assert not strip.isHidden()
    strip.close_button.click()
    assert strip.isHidden()
    assert not read_preferences().guide
    page.guide = True
