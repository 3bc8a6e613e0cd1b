"""Boxes as prompts, the masks that are shown, and a page that holds whatever names a file has."""

import base64
import re
from html import unescape

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from semsam_annotate.api import (
    BadInput,
    Cancelled,
    CancelToken,
    Embedding,
    EngineInfo,
    Ladder,
    Proposal,
    Vocabulary,
    encode_rle,
)
from semsam_annotate.training.evaluation import ClickRow, EvaluationSample, evaluate, report
from semsam_annotate.training.evaluation.asking import tight_box
from semsam_annotate.training.evaluation.page import render_page, write_page
from semsam_annotate.training.evaluation.pictures import draw_pictures, picked
from semsam_annotate.training.evaluation.sample import SampleImage, TruthMask

SIZE = (60, 80)
HOSTILE = """</td><script>alert("x")</script> & 'ünïcode' {{ 7 * 7 }} {% raw %}"""


def mask(x0, y0, x1, y1):
    out = np.zeros(SIZE, bool)
    out[y0:y1, x0:x1] = True
    return out


class Boxer:
    """Answers a box with the box filled, a click with a square around it; remembers what it was asked."""

    info = EngineInfo(HOSTILE, "<1>", "cpu", 0, ())

    def __init__(self):
        self.asked = []

    def encode(self, image):
        return Embedding("b", image.shape[:2], "1")

    def propose_many(self, embedding, prompts, vocabulary=None):
        self.asked += prompts
        return [Ladder([self.proposal(prompt, grow) for grow in (0, 5)]) for prompt in prompts]

    @staticmethod
    def proposal(prompt, grow):
        x, y = prompt.points[0] if prompt.points else (0, 0)
        x0, y0, x1, y1 = (int(edge) for edge in prompt.box or (x - 5, y - 5, x + 5, y + 5))
        found = mask(max(0, x0 - grow), max(0, y0 - grow), x1 + grow, y1 + grow)
        return Proposal(
            id="b", model="1", score=0.9 - grow / 10, stability=1, level=6 - grow, box=(0, 0, 1, 1), mask=found
        )


@pytest.fixture
def sample(tmp_path):
    """Two images with a rectangle of 30 x 20 px and one of 14 x 12 px inside, under hostile names."""
    images = []
    for number in range(2):
        Image.new("RGB", SIZE[::-1], (40 * number, 90, 90)).save(tmp_path / f"{number}.png")
        truths = []
        for index, drawn in enumerate((mask(10, 10, 40, 30), mask(12, 12, 26, 24)), start=1):
            rle = encode_rle(drawn)
            segment = {**rle, "counts": rle["counts"].encode()}
            truths.append(TruthMask(10 * number + index, segment, index == 2, HOSTILE, None))
        name = f"<img src=x onerror=alert(1)>{number}.png"
        images.append(SampleImage(name, tmp_path / f"{number}.png", *SIZE, tuple(truths), (0, 1)))
    return EvaluationSample(tuple(images), Vocabulary(), 0)


def test_boxes_are_asked_and_kept_apart(sample):
    engine = Boxer()
    result = evaluate(engine, sample, prompts=("click", "box"))
    boxes = [prompt.box for prompt in engine.asked if prompt.box is not None]
    assert boxes == [(10, 10, 40, 30), (12, 12, 26, 24)] * 2
    assert all(not prompt.points for prompt in engine.asked if prompt.box is not None)
    assert [row.prompt for row in result.rows] == ["click", "click", "box", "box"] * 2
    assert all(row.max == row.oracle == row.all == 1 and row.granularities == 1 for row in result.only("box").rows)
    assert [row.box for row in result.only("box").rows] == boxes
    # The innermost pixel of the large one, the first of a line of equals, lies in the small one too.
    clicks = result.only("click").rows
    assert [(row.granularity, row.granularities) for row in clicks] == [(1, 2), (2, 2)] * 2
    for row in result.rows:
        assert len(row.rungs) == row.length
        assert max(rung.iou for rung in row.rungs) == pytest.approx(row.oracle, abs=1e-5)
    assert len(result.speeds) == 2
    assert all(speed.encode > 0 and speed.prompt > 0 for speed in result.speeds)
    figures = report(result, rounds=10)
    assert (figures["n"], figures["box"]["n"], figures["box"]["max"]) == (4, 4, 100)


def test_corrections_of_a_box_keep_the_box(sample):
    class Thick(Boxer):
        def propose_many(self, embedding, prompts, vocabulary=None):
            self.asked += prompts
            return [Ladder([self.proposal(prompt, 5)]) for prompt in prompts]

    engine = Thick()
    result = evaluate(engine, sample, clicks=3, prompts=("box",))
    assert all(len(row.later) == 2 for row in result.rows)
    assert {(len(prompt.points), prompt.labels) for prompt in engine.asked} == {(0, ()), (1, (0,)), (2, (0, 0))}
    assert all(prompt.box is not None for prompt in engine.asked)


def test_wrong_kinds_and_cancelled_work(sample):
    with pytest.raises(BadInput, match="click or box"):
        evaluate(Boxer(), sample, prompts=("scribble",))
    token = CancelToken()
    with pytest.raises(Cancelled):
        evaluate(Boxer(), sample, progress=lambda done, total: token.cancel(), cancel=token)


@given(st.integers(0, 59), st.integers(0, 79), st.integers(1, 30), st.integers(1, 30))
def test_a_tight_box_is_tight(y, x, height, width):
    drawn = mask(x, y, x + width, y + height)
    x0, y0, x1, y1 = tight_box(drawn)
    assert (x0, y0, x1, y1) == (x, y, min(x + width, 80), min(y + height, 60))


def rows_of(*ious):
    return [
        ClickRow(f"{index % 5}", index, False, 200, (1, 1), iou, iou, iou, 1, 1, None) for index, iou in enumerate(ious)
    ]


def test_best_median_and_worst_by_hand():
    chosen = picked(rows_of(0.1, 0.9, 0.5, 0.7, 0.3), each=1)
    assert {name: [row.max for row in rows] for name, rows in chosen.items()} == {
        "best": [0.9], "median": [0.5], "worst": [0.1],
    }  # fmt: skip
    # Masks 1 and 6 lie on one image: the second best of another image comes first.
    assert [row.max for row in picked(rows_of(0, 0.9, 0.5, 0, 0, 0, 0.8), each=2)["best"]] == [0.9, 0.5]


@given(st.lists(st.floats(0, 1), max_size=30), st.integers(1, 6))
def test_no_mask_is_shown_twice(ious, each):
    chosen = picked(rows_of(*ious), each)
    shown = [row.key for rows in chosen.values() for row in rows]
    assert len(shown) == len(set(shown)) == min(len(ious), 3 * each)


def test_the_page_needs_nothing_and_runs_nothing(sample, tmp_path):
    engine, seen = Boxer(), []
    result = evaluate(engine, sample, prompts=("click", "box"))
    figures = report(result, rounds=10)
    figures |= {
        "against": {"engine": HOSTILE, "version": HOSTILE},
        "difference": {"max": [1.0, -1.0, 2.0], "all": None},
    }
    told = lambda done, total: seen.append((done, total))  # noqa: E731
    pictures = draw_pictures(engine, {"": sample}, result.only("click"), told)
    write_page(figures, pictures, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert seen[-1] == (4, 4)
    for forbidden in ("<script", "<img src=x", "http://", "https://", "<link", "@import", "url("):
        assert forbidden not in page.lower(), forbidden
    assert "default-src 'none'" in page
    assert HOSTILE in unescape(page)  # the name itself, not what a template makes of it
    files = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    assert len(files) == 3 * 4
    assert all(base64.b64decode(file)[:2] == b"\xff\xd8" for file in files)
    assert "+1.0" in page
    assert render_page(figures, {}).count("<img") == 0
