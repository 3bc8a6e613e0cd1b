"""Carrying over on a viewer: planes of a stack by its slider, files of a list."""

import numpy as np
import pytest
from napari.components import ViewerModel
from PIL import Image


def mark(annotator):
    session = annotator.session
    mask = np.zeros(session.picture.size, bool)
    mask[30:90, 40:100] = True
    session.label("car", "")
    session.touch(mask, 1, 0.0)
    session.accept()


def carry(annotator, pump, way):
    annotator.actions["carry on" if way > 0 else "carry back"]()
    pump.until(lambda: not annotator.carrying.running, 30)


@pytest.mark.parametrize("scale", [(1, 1, 1), (2.5, 0.5, 0.5)])
def test_planes_of_a_stack_follow(annotate, scene, pump, ledger, scale):
    viewer = ViewerModel()
    viewer.add_image(np.stack([np.roll(scene, 3 * plane, axis=1) for plane in range(4)]), rgb=True, scale=scale)
    viewer.dims.set_current_step(0, 0)
    annotator = annotate(viewer)
    mark(annotator)
    carry(annotator, pump, 1)
    assert annotator.session.picture.plane == (3,)
    assert (annotator.session.accepted[0].mask == np.roll(scene[..., 1] < 100, 9, axis=1)).all()
    assert np.asarray(annotator.layers.accepted.data).any()
    carry(annotator, pump, -1)
    assert annotator.session.picture.plane == (0,)
    assert len(ledger.masks(annotator.session.picture)) == 1


def test_of_two_sliders_the_one_used_last_is_followed(annotate, scene, pump):
    viewer = ViewerModel()
    viewer.add_image(np.stack([[scene, scene, scene], [scene, scene, scene]]), rgb=True)
    viewer.dims.set_current_step((0, 1), (0, 0))
    annotator = annotate(viewer)
    mark(annotator)
    viewer.dims.last_used = 0
    carry(annotator, pump, 1)
    assert annotator.session.picture.plane == (1, 0)
    viewer.dims.last_used = 1
    carry(annotator, pump, 1)
    assert annotator.session.picture.plane == (1, 2)


def test_files_of_a_list_follow(annotate, scene, pump, tmp_path):
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        Image.fromarray(np.ascontiguousarray(np.roll(scene, 3 * number, axis=1))).save(path)
    annotator = annotate(ViewerModel())
    annotator.open_files(paths)
    mark(annotator)
    annotator.actions["carry"]()
    pump.until(lambda: not annotator.carrying.running, 30)
    assert annotator.session.picture.path == paths[1]
    assert len(annotator.session.accepted) == 1
    carry(annotator, pump, 1)
    assert annotator.session.picture.path == paths[2]
    assert annotator.images.rows[2].accepted == 1


def test_an_image_beside_the_list_has_no_next_file(annotate, scene, pump, tmp_path):
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        Image.fromarray(np.ascontiguousarray(np.roll(scene, 3 * number, axis=1))).save(path)
    annotator = annotate(ViewerModel())
    annotator.open_files(paths)
    annotator.viewer.add_image(scene // 2, name="beside")
    mark(annotator)
    annotator.actions["carry"]()
    pump.until(lambda: not annotator.carrying.running, 30)
    assert annotator.session.picture.name == "beside"
    assert annotator.images.rows[1].accepted == 0


def test_one_plain_image_has_no_other_frame(annotate, scene, pump):
    viewer = ViewerModel()
    viewer.add_image(scene)
    annotator = annotate(viewer)
    mark(annotator)
    carry(annotator, pump, 1)
    assert annotator.session.picture.plane == ()


def test_a_store_that_refuses_ends_it_in_one_line(annotate, scene, pump, ledger, monkeypatch):
    viewer = ViewerModel()
    viewer.add_image(np.stack([scene, scene]), rgb=True)
    viewer.dims.set_current_step(0, 0)
    annotator, lines = annotate(viewer), []
    annotator.session.told.connect(lines.append)
    mark(annotator)

    def refuse(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(ledger, "carry", refuse)
    carry(annotator, pump, 1)
    assert lines[-1] == "no space left on device"
    assert annotator.session.accepted == []
