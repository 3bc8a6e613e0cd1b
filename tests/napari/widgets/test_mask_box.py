"""Second looks with a hand at the buttons; the viewer is a model, the dialog is a real one."""

import numpy as np
import pytest
from qtpy.QtCore import QPointF, Qt, QTimer
from qtpy.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
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


def test_masks_dragged_together_move_together(box, annotator):
    for number, name in enumerate(("car", "mirror", "truck")):
        mask = np.zeros(annotator.session.picture.size, bool)
        mask[: 10 + number] = True
        annotator.session.touch(mask, 1, 0.0)
        annotator.session.label(name, "")
        annotator.session.accept()
    car, mirror, truck = (mask.id for mask in annotator.session.accepted)
    box.resize(300, 300)
    box.show()
    annotator.editing.select([car, mirror])
    tree = box.tree
    target = next(item for item in tree.items() if item.text(0) == "truck")
    place, data = tree.visualItemRect(target).center(), tree.model().mimeData(tree.selectedIndexes())
    facts = (Qt.DropAction.MoveAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    for event in (QDragEnterEvent(place, *facts), QDragMoveEvent(place, *facts), QDropEvent(QPointF(place), *facts)):
        QApplication.sendEvent(tree.viewport(), event)
    assert {mask.object: mask.part_of for mask in annotator.session.accepted} == {
        "car": truck,
        "mirror": truck,
        "truck": None,
    }
    annotator.session.undo()
    assert {mask.part_of for mask in annotator.session.accepted} == {None}
