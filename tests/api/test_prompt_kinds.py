"""Strokes, masks and words travel like clicks; a granularity picks a rung."""

import json
from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from semsam_annotate.api import BadInput, Ladder, Prompt, Proposal, Stroke, decode_rle

MASKS = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=20), elements=st.booleans())
FINITE = st.floats(-1e6, 1e6)


def proposal(mask):
    return Proposal(id="a", model="m", score=1, stability=1, level=1, box=(0, 0, 1, 1), mask=mask)


STROKES = st.builds(Stroke, st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=4), st.integers(0, 1))


@given(
    scribble=st.lists(STROKES, max_size=3),
    mask=st.none() | MASKS,
    text=st.none() | st.text(max_size=8),
    click=st.booleans(),
)
def test_prompts_of_every_kind(scribble, mask, text, click):
    hints = {"scribble": scribble, "mask": mask, "text": text}
    told = click or any(stroke.label for stroke in scribble) or mask is not None or text is not None
    bad = (mask is not None and not mask.any()) or (text is not None and not text.strip()) or not told
    with pytest.raises(BadInput) if bad else nullcontext():
        prompt = Prompt([(1, 2)] if click else [], **hints)
        back = Prompt.from_json(json.loads(json.dumps(prompt.to_json())))
        assert back == prompt
        assert hash(back) == hash(prompt)
        if mask is not None:
            np.testing.assert_array_equal(decode_rle(back.mask), mask)
            back.check_inside(*mask.shape) if not (click or scribble) else None
            with pytest.raises(BadInput):
                back.check_inside(mask.shape[0] + 1, mask.shape[1])


def test_a_scribble_is_one_line_or_several():
    line = [(1, 2), (3, 4), (5, 6)]
    assert Prompt(scribble=line).scribble == (Stroke(line),)
    assert Prompt(scribble=[line, line[:2]]).scribble == (Stroke(line), Stroke(line[:2]))
    assert Prompt(scribble=[{"points": line, "label": 1}, Stroke(line, 0)]).scribble == (Stroke(line), Stroke(line, 0))
    assert "scribble" not in Prompt(line).to_json()


@given(
    rungs=st.lists(MASKS.map(proposal), min_size=1, max_size=6), steps=st.lists(st.floats(0, 1), min_size=2, max_size=8)
)
def test_a_coarser_granularity_never_gives_a_smaller_mask(rungs, steps):
    ladder = Ladder(rungs)
    picked = [ladder.at(step) for step in sorted(steps)]
    assert [rung.area for rung in picked] == sorted(rung.area for rung in picked)
    assert ladder.at(0).area == ladder[0].area
    assert ladder.at(1).area == ladder[-1].area


def test_granularity_is_even_in_log_area():
    ladder = Ladder([square(side) for side in (1, 4, 16)])
    assert [ladder.at(step).area for step in (0, 0.24, 0.26, 0.5, 0.74, 0.76, 1)] == [1, 1, 16, 16, 16, 256, 256]
    for wrong in (-0.01, 1.01, float("nan")):
        with pytest.raises(BadInput, match="granularity"):
            ladder.at(wrong)


def square(side):
    mask = np.zeros((16, 16), bool)
    mask[:side, :side] = True
    return Proposal(id="a", model="m", score=1, stability=1, level=1, box=(0, 0, side, side), mask=mask)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"scribble": 5}, "scribble is a list"),
        ({"scribble": [{"points": []}]}, "at least one point"),
        ({"scribble": [{"points": [[1, 2]], "label": 2}]}, "labels are 1"),
        ({"scribble": [{"points": [[1, 2]], "label": 0}]}, "at least one positive"),
        ({"mask": "x"}, "bool or an RLE"),
        ({"mask": {"size": [2, 2], "counts": "5"}}, "do not fill"),
        ({"mask": {"size": [2, 2], "counts": [4]}}, "at least one pixel"),
        ({"text": 5}, "phrase"),
        ({"text": "  "}, "phrase"),
    ],
)
def test_bad_hints(value, message):
    with pytest.raises(BadInput, match=message):
        Prompt.from_json(value)
