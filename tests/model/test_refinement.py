"""Whatever the prompt, the ladder stays a ladder; clicks hold where they were made; their order changes nothing."""

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semsam_annotate.api import BadInput, Prompt, Stroke
from semsam_annotate.model.engine.clicks import Click, clicks_of, pins_of
from semsam_annotate.model.engine.pinning import MARGIN, contradictions, pinned
from semsam_annotate.model.engine.preprocessing import Frame
from semsam_annotate.model.engine.prompting import to_batch
from semsam_annotate.model.engine.rough import covered, grid_shares
from semsam_annotate.model.innermost import innermost
from semsam_annotate.model.mask_decoder.prompts import PREVIOUS

SIZE = (60, 80)
PLACES = st.tuples(st.floats(-0.5, 79.4), st.floats(-0.5, 59.4))
STROKES = st.builds(Stroke, st.lists(PLACES, min_size=1, max_size=6), st.integers(0, 1))


@st.composite
def masks(draw):
    """A rectangle or a single pixel of the photo."""
    top, left = draw(st.integers(0, 59)), draw(st.integers(0, 79))
    mask = np.zeros(SIZE, bool)
    mask[top : top + draw(st.integers(1, 60)), left : left + draw(st.integers(1, 80))] = True
    return mask


@st.composite
def prompts(draw):
    """Any mixture of clicks, strokes, a box and a mask that says what belongs."""
    clicks = draw(st.lists(st.tuples(PLACES, st.integers(0, 1)), max_size=6))
    box = draw(st.none() | st.tuples(st.integers(-5, 70), st.integers(-5, 50), st.integers(6, 40), st.integers(6, 40)))
    hints = {
        "points": [place for place, _ in clicks],
        "labels": [label for _, label in clicks],
        "box": None if box is None else (box[0], box[1], box[0] + box[2], box[1] + box[3]),
        "scribble": draw(st.lists(STROKES, max_size=3)),
        "mask": draw(st.none() | masks()),
    }
    try:
        return Prompt(**hints)
    except BadInput:
        return Prompt([(40, 30), *hints["points"]], [1, *hints["labels"]], scribble=hints["scribble"])


@pytest.fixture
def engines(engine_of, small):
    """Both methods, and a network without prompt tokens, which has no choice."""
    single = replace(small, mask_decoder=replace(small.mask_decoder, prompt_tokens=False))
    return [engine_of(), engine_of(refinement="rule"), engine_of(config=single)]


def check(ladder):
    assert 1 <= len(ladder) <= 6
    areas = [rung.area for rung in ladder]
    assert areas == sorted(areas)
    assert areas[0] > 0
    for number, rung in enumerate(ladder):
        assert rung.mask.shape == SIZE
        assert 0 <= rung.score <= 1
        for other in ladder[:number]:
            assert (rung.mask & other.mask).sum() / (rung.mask | other.mask).sum() <= 0.95


@given(prompt=prompts())
@settings(max_examples=25)
def test_every_prompt_gives_a_ladder(prompt, engines, photo):
    for engine in engines:
        check(engine.propose(engine.encode(photo), prompt))


@given(prompt=prompts(), data=st.data())
@settings(max_examples=15)
def test_the_order_of_clicks_and_strokes_changes_nothing(prompt, data, engines, photo):
    """But for the first positive click, which the ladder is about."""
    clicks = list(zip(prompt.points, prompt.labels, strict=True))
    first = [click for click in clicks if click[1]][:1]
    rest = data.draw(st.permutations([click for click in clicks if click not in first]))
    place = data.draw(st.integers(0, len([1 for _ in rest if not any(label for _, label in rest)])))
    mixed = [*rest[:place], *first, *rest[place:]]
    scribble = data.draw(st.permutations(prompt.scribble))
    points, labels = [click[0] for click in mixed], [click[1] for click in mixed]
    turned = [Stroke(stroke.points, stroke.label) for stroke in scribble]
    other = Prompt(points, labels, prompt.box, turned, prompt.mask)
    for engine in engines:
        handle = engine.encode(photo)
        one, two = engine.propose(handle, prompt), engine.propose(handle, other)
        assert [rung.rle for rung in one] == [rung.rle for rung in two]
        assert [rung.score for rung in one] == [rung.score for rung in two]


@pytest.mark.parametrize("method", ["network", "rule"])
def test_clicks_hold_in_every_rung(engine_of, photo, method):
    engine = engine_of(refinement=method, cleaning=False)
    handle = engine.encode(photo)
    rng = np.random.default_rng(0)
    for _ in range(10):
        grid = rng.permutation(12)[:5]
        points = [(10 + 20 * int(cell % 4), 10 + 20 * int(cell // 4)) for cell in grid]
        labels = [1, *rng.integers(0, 2, 4).tolist()]
        for rung in engine.propose(handle, Prompt(points, labels)):
            assert [int(rung.mask[y, x]) for x, y in points] == labels


def test_one_click_alone_is_answered_alike_by_both_methods(engine_of, photo):
    network, rule = engine_of(), engine_of(refinement="rule")
    for prompt in (Prompt([(44, 30)]), Prompt(box=(24, 10, 64, 50))):
        one, two = (engine.propose(engine.encode(photo), prompt) for engine in (network, rule))
        assert [rung.rle for rung in one] == [rung.rle for rung in two]


@given(seed=st.integers(0, 10_000), count=st.integers(1, 12))
@settings(max_examples=30)
def test_pins_are_met_and_far_away_nothing_changes(seed, count):
    generator = torch.Generator().manual_seed(seed)
    frame = Frame((256, 256), (256, 256), (256, 256))
    logits, features = 3 * torch.randn(3, 64, 64, generator=generator), torch.randn(8, 64, 64, generator=generator)
    cells = torch.randperm(64, generator=generator)[:count].tolist()
    pins = [Click(16 + 32 * (cell % 8), 16 + 32 * (cell // 8), cell % 2) for cell in cells]
    held = pinned(logits, features, pins, frame)
    assert not contradictions(held, pins, frame).any()
    assert torch.equal(pinned(logits, features, [], frame), logits)
    one = [Click(16.0, 16.0, 1)]
    changed = (pinned(logits, features, one, frame) - logits).abs()
    assert changed[:, 48:, 48:].max() < 0.01


def test_pins_that_hold_change_nothing():
    frame = Frame((256, 256), (256, 256), (256, 256))
    logits = torch.full((2, 64, 64), MARGIN + 1)
    pins = [Click(40, 40, 1), Click(200, 90, 1)]
    assert torch.equal(pinned(logits, torch.randn(8, 64, 64), pins, frame), logits)


def test_contradicting_pins_are_survived():
    frame = Frame((64, 64), (64, 64), (64, 64))
    pins = [Click(30, 30, 1), Click(30, 30, 0)] * 3
    assert pinned(torch.randn(2, 16, 16), torch.randn(4, 16, 16), pins, frame).isfinite().all()


def test_a_rough_mask_speaks_for_what_is_like_it(engine_of, photo):
    """The best rung for a mask is at least as like it as the best rung for a click in its middle."""
    for method in ("network", "rule"):
        engine = engine_of(refinement=method)
        handle = engine.encode(photo)
        for seed in range(5):
            rng = np.random.default_rng(seed)
            mask = np.zeros(SIZE, bool)
            top, left = int(rng.integers(0, 30)), int(rng.integers(0, 40))
            mask[top : top + 25, left : left + 30] = True
            with_mask = engine.propose(handle, Prompt(mask=mask)).best
            without = engine.propose(handle, Prompt([innermost(mask)])).best
            assert overlap(with_mask.mask, mask) >= overlap(without.mask, mask) - 0.02


def overlap(first, second):
    return (first & second).sum() / (first | second).sum()


@given(points=st.lists(PLACES, min_size=2, max_size=8))
def test_strokes_become_bounded_clicks_on_the_stroke(points):
    prompt = Prompt(scribble=[Stroke(points)])
    clicks, pins = clicks_of(prompt, SIZE), pins_of(prompt, SIZE)
    assert 1 <= len(clicks) <= 8
    assert 1 <= len(pins) <= 24
    backwards = Prompt(scribble=[Stroke(points[::-1])])
    assert (clicks_of(backwards, SIZE), pins_of(backwards, SIZE)) == (clicks, pins), "the anchor too"
    for click in clicks:
        assert min(segment_distance(click[:2], *pair) for pair in pairwise(points)) < 1e-6


def test_a_place_that_a_stroke_passes_twice_is_one_click():
    there = [(13.0, 40.0), (13.0, 5.467738192552681), (0.0, 7.0), (1.0, 7.0), (0.0, 5.5), (13.0, 1.0), (13.0, 40.0)]
    clicks = clicks_of(Prompt(scribble=[Stroke(there)]), SIZE)
    assert min(np.hypot(*np.subtract(a[:2], b[:2])) for a, b in combinations(clicks, 2)) > 1


def segment_distance(point, start, end):
    point, start, end = (np.array(place) for place in (point, start, end))
    along = end - start
    share = np.clip((point - start) @ along / max(along @ along, 1e-30), 0, 1)
    return np.hypot(*(point - start - share * along))


def test_many_strokes_stay_bounded():
    prompt = Prompt(scribble=[Stroke([(x, y), (x + 30, y)], x % 2) for x in range(40) for y in range(0, 60, 6)])
    assert len(clicks_of(prompt, SIZE)) <= 32
    assert len(pins_of(prompt, SIZE)) <= 96


def test_a_network_trained_with_masks_sees_them(small):
    frame = Frame.of(*SIZE, small.input)
    mask = np.zeros(SIZE, bool)
    mask[10:40, 20:60] = True
    batch = to_batch([Prompt([(30, 30)]), Prompt([(30, 30), (5, 5)], [1, 0], mask=mask)], frame, small, True)
    assert batch.previous.shape == (1, 2, *(side // 4 for side in frame.padded))
    assert not batch.previous[0, 0].any()
    assert (batch.token_kinds[0] == PREVIOUS).any(-1).tolist() == [False, True]
    assert to_batch([Prompt([(30, 30)], mask=mask)], frame, small).previous is None


def test_masks_reach_the_grid_and_are_never_lost(small):
    for size in (SIZE, (1, 1), (500, 33)):
        frame = Frame.of(*size, small.input)
        pixel = np.zeros(size, bool)
        pixel[-1, -1] = True
        assert covered(grid_shares(pixel, frame)).any()
        whole = grid_shares(np.ones(size, bool), frame)
        assert whole.shape == tuple(side // 4 for side in frame.padded)
        assert whole[0, 0] == 1


def test_the_mask_must_fit(engine_of, photo):
    engine = engine_of()
    with pytest.raises(BadInput, match="mask is 3x2 pixels, the image 80x60"):
        engine.propose(engine.encode(photo), Prompt(mask=np.ones((2, 3), bool)))
    with pytest.raises(BadInput, match="stroke point"):
        engine.propose(engine.encode(photo), Prompt(scribble=[(1, 1), (80, 3)]))
