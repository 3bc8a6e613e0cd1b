"""A stack beside layers that reach further: where it has no plane, nothing is annotated."""

import numpy as np
import pytest
from napari.components import ViewerModel

from semsam_annotate.napari.canvas.picture_source import shows

PART = (60.0, 70.0)
"""(row, column) in the scene."""


@pytest.fixture
def beside(annotate, scene):
    """Annotates a stack of four planes of twelve that another layer has; what was told is in ``lines``."""
    viewer = ViewerModel()
    viewer.add_image(np.zeros((12, 120, 160), np.uint8), name="longer")
    stack = np.stack([np.roll(scene, 5 * plane, axis=1) for plane in range(4)])
    viewer.add_image(stack, rgb=True, name="stack")
    viewer.dims.set_current_step(0, 3)
    annotator = annotate(viewer)
    annotator.lines = []
    annotator.session.told.connect(annotator.lines.append)
    return annotator


def test_beyond_its_planes_nothing_is_annotated(beside, hand_of, ledger):
    dims, session = beside.viewer.dims, beside.session
    dims.set_current_step(0, 9)
    assert session.picture is None
    assert beside.lines[-1] == "stack has no plane here: move the slider to one of its 4"
    hand_of(beside).click(PART, wait=False)
    assert session.candidate.empty
    dims.set_current_step(0, 2)
    assert session.picture.plane == (2,)
    hand_of(beside).click(PART)
    assert ledger.record(session.accept().id).plane == (2,)


def test_carrying_ends_at_the_last_plane_of_the_image(beside, hand_of, pump):
    beside.viewer.dims.set_current_step(0, 1)
    hand_of(beside).click(PART)
    beside.session.accept()
    beside.actions["carry on"]()
    pump.until(lambda: not beside.carrying.running, 30)
    assert beside.viewer.dims.current_step[0] == 3
    assert beside.session.picture.plane == (3,)


@pytest.mark.parametrize("placed", [{"translate": (3, 0, 0)}, {"scale": (0.25, 1, 1), "translate": (-7.5, 0, 0)}])
def test_a_stack_that_comes_later_is_open_wherever_it_lies(annotate, scene, placed):
    annotator = annotate(ViewerModel())
    annotator.viewer.add_image(np.stack([scene[..., 0]] * 4), **placed)
    assert shows(annotator.viewer, annotator.image, annotator.session.picture)


def test_steps_finer_than_the_planes_lead_to_the_next_plane(annotate, scene, hand_of, pump):
    viewer = ViewerModel()
    viewer.add_image(np.zeros((40, 120, 160), np.uint8), scale=(0.25, 1, 1))
    viewer.add_image(np.stack([scene] * 3), rgb=True, name="stack")
    viewer.dims.set_current_step(0, 0)
    annotator = annotate(viewer)
    hand_of(annotator).click(PART)
    annotator.session.accept()
    opened = []
    annotator.session.picture_changed.connect(opened.append)
    annotator.actions["carry on"]()
    pump.until(lambda: not annotator.carrying.running, 30)
    assert [picture.plane for picture in opened] == [(1,), (2,)]
