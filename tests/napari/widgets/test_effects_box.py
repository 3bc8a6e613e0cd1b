"""The box of effects with a hand at its buttons; the viewer is a model, the threads are real."""

import time

import numpy as np
import pytest
from qtpy.QtCore import QEventLoop
from qtpy.QtGui import QColor

from semsam_annotate.napari.canvas.effect_layers import is_effect
from semsam_annotate.napari.widgets.effects_box import IMAGE, NOTHING, EffectsBox

pytestmark = pytest.mark.window


def turn_until(done, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        QEventLoop().processEvents()
        time.sleep(0.002)


@pytest.fixture
def box(qapp, annotator):
    box = EffectsBox()
    box.attach(annotator)
    yield box
    box.detach()
    box.deleteLater()


def results(annotator) -> list:
    return [layer for layer in annotator.viewer.layers if is_effect(layer)]


def test_it_says_what_it_applies_to_and_its_buttons_make_layers(box, annotator, pump, scene):
    assert box.target.text() == NOTHING
    assert not any(button.isEnabled() for button in (*box.buttons.values(), box.take_away))
    annotator.session.click((70.0, 60.0))
    pump.until(lambda: not annotator.session.waiting)
    annotator.session.label("car", "wheel")
    assert box.target.text() == "Changes: wheel of car"
    box.set_colour(QColor("#00ff00"))
    assert box.colour == (0, 255, 0)
    for kind in ("recolour", "remove"):
        box.buttons[kind].click()
        assert not box.halt.isHidden()
        turn_until(lambda: box.halt.isHidden())
    recoloured, removed = results(annotator)
    mask = annotator.session.candidate.proposal.mask
    assert (np.asarray(recoloured.data)[mask][:, :3].argmax(axis=-1) == 1).all()
    assert np.abs(np.asarray(removed.data)[mask][:, :3].astype(int) - scene[mask]).max() > 30
    assert [box.source.itemText(row) for row in range(3)] == [IMAGE, recoloured.name, removed.name]
    assert box.source.currentText() == removed.name
    box.source.activated.emit(1)
    assert box.effects.source is recoloured
    box.source.activated.emit(0)
    assert box.effects.source is None
    assert box.source.currentText() == IMAGE
    for _ in range(2):
        box.take_away.click()
    assert box.source.count() == 1
    assert not results(annotator)
    assert not box.take_away.isEnabled()


def test_stop_and_detach_leave_nothing_behind(box, annotator, pump):
    annotator.session.click((70.0, 60.0))
    pump.until(lambda: not annotator.session.waiting)
    box.buttons["remove"].click()
    box.halt.click()
    assert box.halt.isHidden()
    box.buttons["remove"].click()
    box.detach()
    for _ in range(50):
        QEventLoop().processEvents()
        time.sleep(0.01)
    assert not results(annotator)
    assert box.target.text() == NOTHING
    annotator.session.drop()
