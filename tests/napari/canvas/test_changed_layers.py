"""Somebody works on the layer that is annotated: gives it other pixels, moves it, takes ours away."""

import numpy as np
import pytest
from napari.components import ViewerModel
from PIL import Image

from semsam_annotate.napari.canvas.layers import drawn_mask

PART = (60.0, 70.0)
"""(row, column) in the scene."""


@pytest.fixture
def listed(annotate, scene, tmp_path):
    """On the first of two files of a list."""
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for number, path in enumerate(paths):
        Image.fromarray(np.roll(scene, 9 * number, axis=1)).save(path)
    annotator = annotate(ViewerModel())
    annotator.open_files(paths)
    return annotator


def test_other_pixels_are_another_picture_of_no_file(listed, hand_of, scene, ledger):
    first, image = listed.session.picture, listed.image
    hand_of(listed).click(PART)
    kept = listed.session.accept()
    image.data = np.ascontiguousarray(scene[:, ::-1])
    picture = listed.session.picture
    assert np.array_equal(picture.own, image.data)
    assert (picture.path, listed.session.accepted) == (None, [])
    hand_of(listed).click((60.0, 90.0))
    assert ledger.record(listed.session.accept().id).image.sha256 == picture.sha256 != first.sha256
    listed.viewer.add_image(scene // 2)
    listed.viewer.layers.selection.active = image
    assert listed.session.picture.sha256 == picture.sha256
    listed.turn_to(0)
    assert [mask.id for mask in listed.session.accepted] == [kept.id]


def test_pixels_of_another_size_are_drawn_on(listed, hand_of, scene):
    listed.image.data = scene[:100, :130].copy()
    assert listed.layers.accepted.data.shape == listed.layers.candidate.data.shape == (100, 130)
    hand_of(listed).click(PART)
    assert listed.session.candidate.proposal.mask.shape == (100, 130)


def test_what_was_painted_is_kept_for_the_pixels_it_was_painted_on(listed, scene, ledger):
    first = listed.session.picture
    listed.touch.begin()
    listed.touch_layer.layer.paint([20, 20], 1)
    listed.image.data = scene[:, ::-1].copy()
    assert len(ledger.masks(first)) == 1
    assert listed.session.accepted == []


def test_the_next_file_of_the_list_is_opened_once(listed):
    opened = []
    listed.session.picture_changed.connect(opened.append)
    listed.turn(1)
    assert len(opened) == 1


@pytest.mark.parametrize(
    "moved", [{"scale": (0.5, 2)}, {"translate": (10, 20)}, {"rotate": 30}, {"affine": np.diag([2.0, 3.0, 1.0])}]
)
def test_masks_stay_on_their_pixels_when_the_layer_is_moved(listed, hand_of, moved):
    hand_of(listed).click(PART)
    listed.session.accept()
    listed.touch.begin()
    for name, value in moved.items():
        setattr(listed.image, name, value)
    for drawn in [*listed.layers.all, listed.touch_layer.layer]:
        for corner in ((0, 0), (119, 0), (30, 40)):
            assert drawn.data_to_world(corner) == pytest.approx(listed.image.data_to_world(corner))
    assert len(listed.session.accepted) == 1
    assert np.asarray(listed.layers.accepted.data).any()


def test_a_stack_that_is_moved_along_its_planes_shows_another_one(annotate, scene):
    viewer = ViewerModel()
    image = viewer.add_image(np.stack([np.roll(scene, 5 * plane, axis=1) for plane in range(5)]), rgb=True)
    viewer.dims.set_current_step(0, 3)
    annotator = annotate(viewer)
    image.translate = (1, 0, 0)
    assert annotator.session.picture.plane == (round(viewer.dims.point[0]) - 1,)


def test_a_layer_that_is_not_annotated_any_more_is_left_alone(listed, scene):
    before = listed.image
    other = listed.viewer.add_image(scene // 2, name="other")
    picture = listed.session.picture
    before.scale, before.data = (3, 3), scene[:, ::-1].copy()
    assert listed.image is other
    assert listed.session.picture is picture
    listed.close()
    other.data = scene
    assert listed.session.picture is picture


@pytest.mark.parametrize("names", [["candidate"], ["accepted masks"], ["candidate", "accepted masks", "clicks"]])
@pytest.mark.parametrize("beside", [False, True])
def test_layers_of_ours_that_somebody_took_out_come_back_with_what_they_show(listed, hand_of, scene, names, beside):
    hand = hand_of(listed)
    hand.click(PART)
    mask = listed.session.accept()
    if beside:
        listed.viewer.add_image(scene // 2, name="beside")
        listed.viewer.layers.selection.active = listed.viewer.layers["0"]
    for name in names:
        listed.viewer.layers.selection.active = listed.viewer.layers[name]
        listed.viewer.layers.remove(listed.viewer.layers[name])
    listed.viewer.layers.selection.active = listed.viewer.layers["0"]
    hand.click((35.0, 45.0))
    assert [layer.name for layer in listed.layers.all] == ["accepted masks", "candidate", "box and strokes", "clicks"]
    assert np.array_equal(np.asarray(listed.layers.accepted.data) > 0, mask.mask)
    assert np.array_equal(drawn_mask(listed.layers.candidate), listed.session.candidate.mask)
    assert len(listed.layers.clicks.data) == 1
    assert listed.viewer.layers.selection.active is listed.image
    assert listed.session.picture.name == "0"


def test_a_viewer_can_be_emptied(listed, hand_of):
    hand_of(listed).click(PART)
    listed.session.accept()
    listed.viewer.layers.clear()
    assert list(listed.viewer.layers) == []
    assert listed.session.picture is None
    listed.turn_to(0)
    assert len(listed.session.accepted) == 1
    assert len(listed.layers.all) == 4
