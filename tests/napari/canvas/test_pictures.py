"""Pictures of every kind of layer: transforms, planes of stacks, contrast, lists of files."""

from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from PIL import Image as PillowImage

from semsam_annotate.api import BadInput
from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.state.session import AnnotationSession

PART = (60.0, 70.0)
"""(row, column) in the scene."""


def test_in_3d_the_person_is_told_to_go_back(ledger, worker, hand_of, scene):
    viewer = ViewerModel()
    viewer.add_image(np.stack([scene[..., 0]] * 3))
    annotator, lines = Annotator(viewer, AnnotationSession(ledger), worker), []
    annotator.session.told.connect(lines.append)
    viewer.dims.ndisplay = 3
    assert annotator.session.picture is None
    assert "switch to 2D" in lines[-1]
    viewer.dims.ndisplay = 2
    assert annotator.session.picture is not None
    annotator.close()


def test_layer_transforms_are_respected(ledger, worker, hand_of, scene):
    viewer = ViewerModel()
    image = viewer.add_image(scene, scale=(0.5, 2.0), translate=(100, -30), rotate=20)
    annotator = Annotator(viewer, AnnotationSession(ledger), worker)
    hand = hand_of(annotator)
    hand.click(tuple(image.data_to_world(PART)))
    assert annotator.session.candidate.clicks[0].point == pytest.approx((70.0, 60.0))
    drawn = annotator.layers.candidate
    assert drawn.data_to_world((3, 7)) == pytest.approx(image.data_to_world((3, 7)))
    annotator.close()


def test_masks_belong_to_the_plane_on_screen(ledger, worker, hand_of, scene):
    viewer = ViewerModel()
    viewer.add_image(np.stack([scene[..., 0], scene[::-1, :, 0] // 2 + 9, scene[:, ::-1, 0]]).astype(np.uint16) * 20)
    viewer.dims.set_current_step(0, 1)
    annotator = Annotator(viewer, AnnotationSession(ledger), worker)
    hand = hand_of(annotator)
    hand.click(PART)
    mask = annotator.session.accept()
    assert ledger.record(mask.id).plane == (1,)
    viewer.dims.set_current_step(0, 2)
    assert annotator.session.picture.plane == (2,)
    assert annotator.session.accepted == []
    viewer.dims.set_current_step(0, 1)
    assert [other.id for other in annotator.session.accepted] == [mask.id]
    annotator.close()


def test_contrast_limits_change_what_the_engine_sees_but_not_the_pictures_name(ledger, worker, hand_of, scene):
    viewer = ViewerModel()
    image = viewer.add_image(scene[..., 0].astype(np.uint16) * 7)
    annotator = Annotator(viewer, AnnotationSession(ledger), worker)
    hand = hand_of(annotator)
    hand.click(PART)
    before = annotator.session.picture
    image.contrast_limits = (900, 1300)
    hand.click(PART)
    after = annotator.session.picture
    assert before.sha256 == after.sha256
    assert before.key != after.key
    assert not np.array_equal(before.rgb, after.rgb)
    annotator.close()


def test_a_list_of_files_is_gone_through_one_by_one(ledger, worker, hand_of, scene, tmp_path):
    files = [tmp_path / f"{name}.png" for name in "abc"]
    for number, path in enumerate(files):
        PillowImage.fromarray(np.roll(scene, 9 * number, axis=1)).save(path)
    files.append(tmp_path / "broken.png")
    files[-1].write_bytes(b"no image")
    annotator = Annotator(ViewerModel(), AnnotationSession(ledger), worker)
    lines, hand = [], hand_of(annotator)
    annotator.session.told.connect(lines.append)
    annotator.open_files(files)
    hand.click(PART)
    mask = annotator.session.accept()
    assert Path(ledger.record(mask.id).image.path).name == "a.png"
    hand.press("PageDown")
    assert (annotator.session.picture.name, annotator.session.accepted) == ("b", [])
    hand.press("PageUp")
    hand.press("PageUp")
    assert "no more images" in lines[-1]
    assert [other.id for other in annotator.session.accepted] == [mask.id]
    for _ in range(3):
        hand.press("PageDown")
    assert "not an image" in lines[-1] or "damaged" in lines[-1]
    assert annotator.session.picture.name == "c"
    with pytest.raises(BadInput, match="no such"):
        annotator.open_files([tmp_path / "missing.png"])
    annotator.close()
