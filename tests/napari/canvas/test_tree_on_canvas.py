"""What is selected or hidden in the tree is so on the canvas; a jump brings a mask to the middle."""

import numpy as np
import pytest
from napari.components import ViewerModel

from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.canvas.candidate_values import SELECTED
from semsam_annotate.napari.canvas.view import camera_of
from semsam_annotate.napari.state.session import AnnotationSession

PART, SQUARE = (60.0, 70.0), (35.0, 45.0)
"""(row, column) in the scene."""


@pytest.fixture
def annotator(scene, ledger, worker, hand_of):
    viewer = ViewerModel()
    viewer.add_image(scene, name="scene", scale=(2.0, 2.0), translate=(10.0, -5.0))
    annotator = Annotator(viewer, AnnotationSession(ledger), worker)
    hand = hand_of(annotator)
    for row in ("2", "3"):
        hand.click((PART[0] * 2 + 10, PART[1] * 2 - 5))
        hand.press(row)
        hand.press("Enter")
    yield annotator
    annotator.close()


def drawn(annotator, value=SELECTED):
    return np.asarray(annotator.layers.candidate.data) == value


def test_selected_masks_are_filled_until_they_are_not(annotator, hand_of):
    car, wheel = annotator.session.accepted
    annotator.editing.select([wheel.id])
    assert np.array_equal(drawn(annotator), wheel.mask)
    annotator.editing.select([car.id, wheel.id])
    assert np.array_equal(drawn(annotator), car.mask)
    hand = hand_of(annotator)
    hand.click((PART[0] * 2 + 10, PART[1] * 2 - 5))
    assert not drawn(annotator).any()
    hand.press("Escape")
    assert drawn(annotator).any()
    annotator.editing.delete([car.id, wheel.id])
    assert not np.asarray(annotator.layers.candidate.data).any()


def test_the_pointer_selects_the_smallest_mask(annotator, hand_of):
    wheel = annotator.session.accepted[1]
    annotator.viewer.cursor.position = (PART[0] * 2 + 10, PART[1] * 2 - 5)
    hand_of(annotator).press("Shift-S")
    assert [mask.id for mask in annotator.editing.selection] == [wheel.id]
    annotator.viewer.cursor.position = (12.0, -3.0)
    hand_of(annotator).press("Shift-S")
    assert annotator.editing.selection == []


def test_hidden_masks_are_not_drawn_and_come_back(annotator):
    car, wheel = annotator.session.accepted
    before = np.asarray(annotator.layers.accepted.data).copy()
    _, car_value, wheel_value = annotator.layers.accepted.features["index"]
    annotator.editing.mark([wheel.id], hidden=True)
    assert not (np.asarray(annotator.layers.accepted.data) == wheel_value).any()
    assert np.array_equal(np.asarray(annotator.layers.accepted.data) == car_value, car.mask)
    annotator.editing.mark([wheel.id], hidden=False)
    assert np.array_equal(np.asarray(annotator.layers.accepted.data), before)


def test_a_jump_centres_the_mask_in_the_world(annotator):
    annotator.look_at(annotator.session.accepted[1].id)
    assert np.allclose(camera_of(annotator.viewer).center[-2:], (59.5 * 2 + 10, 69.5 * 2 - 5))
    close = camera_of(annotator.viewer).zoom
    annotator.look_at(annotator.session.accepted[0].id)
    assert camera_of(annotator.viewer).zoom < close
    annotator.look_at("nobody")
