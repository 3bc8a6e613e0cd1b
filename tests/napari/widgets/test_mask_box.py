"""Second looks with a hand at the buttons; the viewer is a model, the dialog is a real one."""

import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QInputDialog

from semsam_annotate.annotations.reviewing import APPROVED, CHANGES
from semsam_annotate.napari.widgets.mask_box import MaskBox

pytestmark = pytest.mark.window


@pytest.fixture
def box(annotator):
    box = MaskBox()
    box.attach(annotator)
    yield box
    box.detach()
    box.deleteLater()


def answer(words, accepted=True):
    """Fill in the dialog as soon as it is there."""

    def fill():
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QInputDialog)
        dialog.setTextValue(words)
        (dialog.accept if accepted else dialog.reject)()

    QTimer.singleShot(0, fill)


def test_masks_are_approved_or_sent_back_with_words(box, annotator, pump):
    annotator.session.click((70.0, 60.0))
    pump.until(lambda: not annotator.session.waiting)
    mask = annotator.session.accept()
    assert not box.buttons["approve"].isEnabled()
    annotator.editing.select([mask.id])
    box.buttons["approve"].click()
    assert annotator.session.accepted[0].review == APPROVED
    assert box.tree.items()[0].text(0).endswith("✓")
    for words, accepted in (("smaller", False), ("  ", True)):
        answer(words, accepted)
        box.buttons["ask for changes"].click()
        assert annotator.session.accepted[0].review == APPROVED
    answer(" smaller ")
    box.buttons["ask for changes"].click()
    assert (annotator.session.accepted[0].review, annotator.session.accepted[0].remark) == (CHANGES, "smaller")
    assert "smaller" in box.tree.items()[0].toolTip(0)
    annotator.session.undo()
    assert annotator.session.accepted[0].review == APPROVED
