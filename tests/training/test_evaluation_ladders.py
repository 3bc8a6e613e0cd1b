"""The ladder without weights, and the sheets that show ladders."""

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.api import BadInput, Prompt, StaleEmbedding
from semsam_annotate.training.evaluation import WeightsFreeEngine
from semsam_annotate.training.evaluation.sheet import SheetRow, draw_sheet, paint


def test_weights_free_engine_keeps_the_ladder_contract():
    engine = WeightsFreeEngine()
    image = np.random.default_rng(0).integers(0, 255, (50, 60, 3), np.uint8)
    embedding = engine.encode(image)
    ladder = engine.propose(embedding, Prompt([(20, 30)]))
    areas = [proposal.area for proposal in ladder]
    assert areas == sorted(areas)
    assert all(proposal.mask[30, 20] and 1 <= proposal.level <= 6 for proposal in ladder)
    assert engine.propose_many(embedding, [Prompt([(20, 30)])]) == [ladder]
    assert ladder.best.score == 1.0
    far = engine.propose(embedding, Prompt([(20, 30), (2, 2)], [1, 0]))
    assert all(proposal.mask[30, 20] for proposal in far)
    with pytest.raises(BadInput):
        engine.propose(embedding, Prompt(box=(1, 1, 9, 9)))
    engine.close()
    with pytest.raises(StaleEmbedding):
        engine.propose(embedding, Prompt([(20, 30)]))


def test_a_sheet_shows_every_rung(tmp_path):
    engine = WeightsFreeEngine()
    image = np.random.default_rng(1).integers(0, 255, (90, 120, 3), np.uint8)
    image[20:60, 30:80] = (240, 20, 20)
    prompt = Prompt([(50, 40)])
    ladder = engine.propose(engine.encode(image), prompt)
    draw_sheet([SheetRow(image, prompt, ladder, "noise")] * 2, tmp_path / "sheet.png", "Ladders")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 240 * (1 + len(ladder))
    mask = np.zeros(image.shape[:2], bool)
    mask[30:50, 40:70] = True
    painted = paint(image, mask, (0, 0, 255))
    assert painted[40, 55, 2] > image[40, 55, 2]
    assert np.array_equal(painted.shape, image.shape)
    with pytest.raises(BadInput):
        draw_sheet([], tmp_path / "empty.png")
