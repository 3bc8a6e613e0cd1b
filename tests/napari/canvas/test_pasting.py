"""Labels are taken only from a layer that lies on the image, pixel by pixel."""

import numpy as np
import pytest
from napari.components import ViewerModel

PLACED = {"scale": (2.0, 0.5), "translate": (7.0, -3.0), "rotate": 12.0}
ELSEWHERE = [
    {"translate": (40, 60)},
    {"translate": (0.6, 0)},
    {"scale": (0.5, 0.5)},
    {"scale": (-1, 1), "translate": (119, 0)},
    {"rotate": 90},
    {"affine": np.diag([1.0, 1.01, 1.0])},
]


@pytest.fixture
def labels() -> np.ndarray:
    labels = np.zeros((120, 160), int)
    labels[30:50, 10:30] = 1
    return labels


@pytest.mark.parametrize("placed", ELSEWHERE)
@pytest.mark.parametrize("action", ["take", "paste"])
def test_labels_that_lie_elsewhere_are_refused(annotate, scene, labels, placed, action):
    viewer = ViewerModel()
    viewer.add_image(scene)
    annotator, lines = annotate(viewer), []
    annotator.session.told.connect(lines.append)
    viewer.add_labels(labels, name="drawn", **placed)
    annotator.actions[action]()
    assert lines == ["drawn lies elsewhere than the image: give both the same scale, rotation and place"]
    assert annotator.session.accepted == []
    assert annotator.session.candidate.empty


@pytest.mark.parametrize("shift", [0.0, 0.2])
def test_labels_on_the_pixels_of_the_image_are_taken(annotate, scene, labels, shift):
    viewer = ViewerModel()
    viewer.add_image(scene, **PLACED)
    annotator = annotate(viewer)
    viewer.add_labels(labels, **{**PLACED, "translate": (7.0 + shift, -3.0)})
    annotator.actions["take"]()
    assert np.array_equal(annotator.session.accepted[0].mask, labels == 1)


def test_flat_labels_lie_on_a_plane_of_a_stack(annotate, scene, labels):
    viewer = ViewerModel()
    viewer.add_image(np.stack([scene[..., 0]] * 3), scale=(4, 2, 2), translate=(1, 5, 6))
    annotator = annotate(viewer)
    viewer.add_labels(labels, scale=(2, 2), translate=(5, 6))
    annotator.actions["take"]()
    assert len(annotator.session.accepted) == 1
