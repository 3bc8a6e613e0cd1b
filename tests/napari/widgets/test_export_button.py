"""The export button shows an export that goes on until it is told."""

import threading

import pytest

from semsam_annotate.napari.widgets.panel import AnnotationPanel

pytestmark = pytest.mark.window


def test_the_button_says_how_far_it_is_and_then_the_line_comes(qtbot, annotator, monkeypatch):
    on, lines, panel = threading.Event(), [], AnnotationPanel()
    annotator.session.told.connect(lines.append)

    def export(_, progress):
        progress(1, 4)
        on.wait(10)
        return "exported"

    monkeypatch.setattr(type(annotator.session.ledger), "export", export)
    qtbot.addWidget(panel)
    panel.attach(annotator)
    panel.export.click()
    qtbot.waitUntil(lambda: panel.export.text() == "Export: 25%")
    on.set()
    qtbot.waitUntil(lambda: lines[-1:] == ["exported"])
    assert panel.export.text() == "Export"
    assert not panel.export._timer.isActive()
    panel.detach()
