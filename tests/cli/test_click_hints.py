"""semsam click with everything but clicks."""

import json

import numpy as np
from PIL import Image

from semsam_annotate.api import Ladder


def test_click_with_strokes_masks_words_and_a_granularity(semsam, photo, tmp_path):
    rough = np.zeros((90, 120), np.uint8)
    rough[20:70, 35:85] = 255
    Image.fromarray(rough).save(tmp_path / "rough.png")
    drawn = ("--scribble", "40,45 80,45", "--mask", tmp_path / "rough.png", "--negative", "5,5")
    code, out, _ = semsam("click", photo, *drawn, "--json", "--granularity", "1")
    assert code == 0
    answer = json.loads(out)
    assert answer["prompt"]["scribble"] == [{"points": [[40, 45], [80, 45]], "label": 1}]
    assert answer["prompt"]["mask"]["size"] == [90, 120]
    (coarsest,) = Ladder.from_json(answer["ladder"])
    assert coarsest.mask[45, 60]
    assert not coarsest.mask[5, 5]
    code, out, _ = semsam("click", photo, "--text", "left ball", "--objects", "ball", "--json")
    assert code == 0
    assert len(Ladder.from_json(json.loads(out)["ladder"])) >= 1
