"""The comparison with other networks asks two methods of them, and goes on without those that are not installed."""

import numpy as np

from semsam_annotate.cli import rivals


class Counting:
    """Stands for a predictor of segment-anything or sam2."""

    def __init__(self):
        self.calls = []

    def set_image(self, rgb):
        self.calls.append(rgb.shape)

    def predict(self, point_coords, point_labels, multimask_output):
        self.calls.append((point_coords.tolist(), point_labels.tolist(), multimask_output))


def test_each_step_asks_once():
    predictor = Counting()
    for step in rivals.steps(predictor, np.zeros((30, 40, 3), np.uint8)).values():
        step()
    assert predictor.calls == [(30, 40, 3), *[([[20, 10]], [1], True)] * 2]


def test_what_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(rivals, "find_spec", lambda name: None if name == "sam2" else object())
    assert rivals.missing() == ["sam2"]
    assert list(rivals.installed()) == ["SAM ViT-B"]
