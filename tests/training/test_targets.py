"""Questions, candidates and boxes: what a click may mean, and what a correction says."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from semsam_annotate.model.config import semsam_tiny
from semsam_annotate.model.innermost import innermost
from semsam_annotate.model.mask_decoder.prompts import PREVIOUS, mask_centres
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.training.batch import collate
from semsam_annotate.training.clicking import anywhere, correction, loose_box
from semsam_annotate.training.config import PromptConfig
from semsam_annotate.training.corrections import add_corrections
from semsam_annotate.training.data import TrainingImage
from semsam_annotate.training.names import NameIndex
from semsam_annotate.training.points import seeded_rand
from semsam_annotate.training.questions import MOST_CANDIDATES, ask, candidates
from semsam_annotate.training.scenes import generate
from semsam_annotate.training.scores import mask_ious, shrink
from semsam_annotate.training.targets import boxes_of

SOME = hnp.arrays(
    bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=16), elements=st.booleans()
).filter(lambda mask: mask.any())


def record(masks):
    count, height, width = masks.shape
    nameless = (None,) * count
    image, kinds, parents = np.zeros((height, width, 3), np.uint8), np.zeros(count, np.int8), np.full(count, -1)
    return TrainingImage(image, masks, kinds, nameless, nameless, parents)


@given(mask=SOME, seed=st.integers(0, 99))
def test_clicks_hit_their_mask(mask, seed):
    for x, y in (innermost(mask), anywhere(mask, np.random.default_rng(seed))):
        assert mask[y, x]


@given(mask=SOME, seed=st.integers(0, 99))
def test_loose_boxes_are_boxes_of_the_image(mask, seed):
    x0, y0, x1, y1 = loose_box(mask, np.random.default_rng(seed))
    assert 0 <= x0 < x1 <= mask.shape[1] + 1
    assert 0 <= y0 < y1 <= mask.shape[0] + 1
    tight = loose_box(mask, np.random.default_rng(seed), slack=0.0)
    rows, columns = np.nonzero(mask)
    assert tight == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


@given(truth=SOME, data=st.data())
def test_corrections_are_on_errors(truth, data):
    predicted = data.draw(hnp.arrays(bool, truth.shape, elements=st.booleans()))
    found = correction(predicted, truth)
    if found is None:
        np.testing.assert_array_equal(predicted, truth)
        return
    (x, y), belongs = found
    assert predicted[y, x] != truth[y, x]
    assert belongs == truth[y, x]


@given(masks=hnp.arrays(bool, (9, 6, 6), elements=st.booleans()), meant=st.integers(0, 8), data=st.data())
def test_candidates_agree_with_every_click(masks, meant, data):
    pixel = st.integers(0, 5)
    places = data.draw(st.lists(st.tuples(pixel, pixel), min_size=1, max_size=3))
    clicks = [(x, y, bool(masks[meant, y, x])) for x, y in places]
    sample = record(masks)
    found = candidates(sample, meant, clicks, boxed=False)
    assert found[0] == meant
    assert len(found) == len(set(found)) <= MOST_CANDIDATES
    agree = [row for row in range(9) if all(masks[row, y, x] == belongs for x, y, belongs in clicks)]
    assert set(found) <= set(agree)
    assert len(found) == min(len(agree), MOST_CANDIDATES)
    assert candidates(sample, meant, clicks, boxed=True).tolist() == [meant]
    boxed = replace(sample, boxed=np.arange(9) % 2 == 1)
    assert set(candidates(boxed, meant, clicks, boxed=False)[1:]) <= {0, 2, 4, 6, 8}


@given(masks=hnp.arrays(bool, (3, 7, 9), elements=st.booleans()))
def test_boxes_are_tight(masks):
    for mask, (cx, cy, w, h) in zip(masks, boxes_of(torch.from_numpy(masks)).tolist(), strict=True):
        rows, columns = np.nonzero(mask)
        if not len(rows):
            assert (cx, cy, w, h) == (0, 0, 0, 0)
            continue
        edges = (columns.min() / 9, rows.min() / 7, (columns.max() + 1) / 9, (rows.max() + 1) / 7)
        assert (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2) == pytest.approx(edges, abs=1e-6)


@given(masks=hnp.arrays(bool, (2, 8, 8), elements=st.booleans()))
def test_shrinking_keeps_the_area(masks):
    small = shrink(torch.from_numpy(masks), 4, 4)
    np.testing.assert_allclose(small.mean((1, 2)), masks.mean((1, 2)), atol=1e-6)
    ious = mask_ious(torch.from_numpy(masks).float() - 0.5, torch.from_numpy(masks))
    assert all(iou == 1 or not mask.any() for iou, mask in zip(ious, masks, strict=True))


def test_a_previous_mask_is_shown_where_it_was_corrected():
    torch.manual_seed(0)
    network = SemanticSam(semsam_tiny()).eval()
    config = PromptConfig(count=4, corrections=2, previous=1.0)
    sample = generate(3, 64, "solid")
    batch = collate([ask(sample, config, np.random.default_rng(0))], NameIndex.count([sample]), 0.1)
    with torch.inference_mode():
        memory = network.encode(batch.images)
        corrected = add_corrections(
            network.mask_decoder, memory, batch, config, 0.1, seeded_rand(0, torch.device("cpu"))
        )
        plain = add_corrections(
            network.mask_decoder, memory, batch, replace(config, previous=0.0), 0.1, seeded_rand(0, torch.device("cpu"))
        )
    shown = (corrected.prompts.token_kinds == PREVIOUS).any(-1)[0]
    assert not shown[:2].any()
    assert shown[2:].any()
    assert corrected.prompts.previous.shape == (1, 4, 16, 16)
    assert ((corrected.prompts.previous >= 0) & (corrected.prompts.previous <= 1)).all()
    assert not (plain.prompts.token_kinds == PREVIOUS).any()
    assert plain.prompts.previous is None


@given(x=st.integers(0, 6), y=st.integers(0, 4))
def test_the_centre_of_one_pixel_is_that_pixel(x, y):
    mask = torch.zeros(5, 7)
    mask[y, x] = 0.8
    assert mask_centres(mask).tolist() == pytest.approx([(x + 0.5) / 7, (y + 0.5) / 5])


@pytest.mark.parametrize(("flag", "clicks"), [("point", 0), ("box", 1)])
def test_clicks_carry_the_flag_that_the_settings_name(flag, clicks):
    config = PromptConfig(count=8, corrections=0, boxes=0.5, click_flag=flag)
    sample = generate(3, 64, "solid")
    questions = [ask(sample, config, np.random.default_rng(seed)) for seed in range(4)]
    flags = collate(questions, NameIndex.count([sample]), 0.1).prompts.flag
    boxed = torch.from_numpy(np.stack([~np.isnan(one.boxes[:, 0]) for one in questions]))
    assert 0 < boxed.sum() < boxed.numel()
    assert (flags[boxed] == 1).all()
    assert (flags[~boxed] == clicks).all()
