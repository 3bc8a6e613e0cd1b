"""Corrective clicks one after the other, and what is counted of them."""

import json

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.api import BadInput, Embedding, EngineInfo, Ladder, Proposal, Vocabulary, decode_rle, encode_rle
from semsam_annotate.training.evaluation import ClickRow, EvaluationResult, EvaluationSample, evaluate, summarize
from semsam_annotate.training.evaluation.sample import SampleImage, TruthMask

SIZE = (60, 80)


class Brush:
    """Paints discs at positive clicks and rubs them out at negative ones, over the mask it is shown."""

    def __init__(self, *capabilities):
        self.info = EngineInfo("brush", "1", "cpu", 0, capabilities)
        self.asked = []

    def encode(self, image):
        return Embedding("a", image.shape[:2], "1")

    def propose_many(self, embedding, prompts, vocabulary=None):
        self.asked += prompts
        return [Ladder([self.proposal(prompt)]) for prompt in prompts]

    def close(self):
        return

    @staticmethod
    def proposal(prompt):
        rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
        mask = np.zeros(SIZE, bool) if prompt.mask is None else decode_rle(prompt.mask)
        for (x, y), label in zip(prompt.points, prompt.labels, strict=True):
            mask[np.hypot(rows - y, columns - x) < 6] = bool(label)
        return Proposal(id="b", model="1", score=1, stability=1, level=1, box=(0, 0, 1, 1), mask=mask)


@pytest.fixture
def sample(tmp_path):
    """One image with one rectangle, which is clicked."""
    Image.new("RGB", SIZE[::-1]).save(tmp_path / "a.png")
    mask = np.zeros(SIZE, bool)
    mask[10:45, 15:60] = True
    rle = encode_rle(mask)
    truth = TruthMask(1, {"size": rle["size"], "counts": rle["counts"].encode()}, False, "thing", None)
    return EvaluationSample((SampleImage("a.png", tmp_path / "a.png", *SIZE, (truth,), (0,)),), Vocabulary(), 0)


def test_clicks_go_on_and_the_answer_is_shown_where_it_is_taken(sample):
    plain, shown = Brush(), Brush("mask")
    for engine in (plain, shown):
        figures = summarize(evaluate(engine, sample, clicks=20), rounds=10)
        assert figures["iou_at_click"]["20"] > figures["iou_at_click"]["1"] + 20
        assert figures["max_click2"] == pytest.approx(figures["iou_at_click"]["2"])
        assert 1 <= figures["noc85"] <= figures["noc90"] <= 20
    assert all(prompt.mask is None for prompt in plain.asked)
    assert [prompt.mask is not None for prompt in shown.asked] == [False, *[True] * (len(shown.asked) - 1)]
    assert [len(prompt.points) for prompt in plain.asked] == list(range(1, 21))
    for clicks in (0, 21):
        with pytest.raises(BadInput, match="1 to 20"):
            evaluate(plain, sample, clicks=clicks)


def test_rows_come_back_the_same_and_stay_small(sample):
    result = evaluate(Brush(), sample, clicks=20)
    assert len(result.rows[0].later) == 19
    assert EvaluationResult.from_json(json.loads(json.dumps(result.to_json()))) == result
    assert len(json.dumps(result.to_json()["rows"][0])) < 1000


def row(first, *later):
    return ClickRow(f"{first}{later}", 1, False, 200, (1, 1), first, first, first, 1, 1, None, later=later)


def test_clicks_needed_and_means_after_clicks():
    rows = [row(0.86, *[0.9] * 19), row(0.4, *[0.2] * 8, 0.86, *[0.3] * 10), row(0.5, *[0.5] * 19)]
    figures = summarize(EvaluationResult(tuple(rows)), rounds=10)
    assert figures["noc85"] == pytest.approx((1 + 10 + 20) / 3, abs=1e-3)
    assert figures["noc90"] == pytest.approx((2 + 20 + 20) / 3, abs=1e-3)
    assert figures["iou_at_click"]["2"] == pytest.approx(100 * (0.9 + 0.2 + 0.5) / 3, abs=1e-3)
    assert list(figures["iou_at_click"]) == ["1", "2", "3", "5", "10", "20"]
    assert figures["max_click2"] == figures["iou_at_click"]["2"]
    assert figures["ci95"]["iou_at_click"]["20"] is not None
    few = summarize(EvaluationResult((row(0.86, 0.9),)), rounds=10)
    assert few["noc85"] is None
    assert few["iou_at_click"]["3"] is None
