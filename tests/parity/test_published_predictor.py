"""The published predictor's ranking, filtering and cleaning, as recorded and on masks made for the rules."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as drawn_arrays

from semsam_annotate.api import BadInput
from semsam_annotate.model.published import EncodedInput, RankingSettings, as_prompts, predict, rank
from semsam_annotate.model.published.regions import clean_both, remove_small

PIXELS, IOUS = 0.0005, 1e-4
CASES = ["c7_predictor", "c7b_predictor_thresh078", "c7c_predictor_keep_last"]


@pytest.fixture(scope="module")
def encoded():
    """The image of all three cases, encoded once."""
    kept = {}

    def of(network, image):
        if not kept:
            kept[0] = EncodedInput.of_image(network, image)
        return kept[0]

    return of


@pytest.mark.parametrize("name", CASES)
def test_recorded_rankings(name, case, network_of, measured, encoded):
    recorded = case(name)
    image = encoded(network_of("swin-t"), recorded.image)
    assert list(image.size) == recorded.facts["input_hw"]
    for number, asked in enumerate(recorded.facts["points"]):
        arrays = {key[3:]: value for key, value in recorded.arrays.items() if key.startswith(f"p{number}_")}
        found = predict(image, asked["point"], RankingSettings(threshold=recorded.facts["thresh"]))
        check_ranking(name, found, asked, arrays, recorded.facts["input_hw"], measured)
        if asked["point"] is not None:
            answer = image.decode(as_prompts([asked["point"]]))[-1]
            measured.close(name, "predicted IoU", answer.scores[0, 0, :, 0], arrays["ious"], IOUS)
            raw = (image.at_input(answer.masks[0, 0]) > 0).numpy()
            wanted = np.unpackbits(arrays["mask_bits"], axis=1, count=raw[0].size).reshape(raw.shape)
            measured.same_masks(name, "mask pixels", raw, wanted, PIXELS)


def check_ranking(name, found, asked, arrays, size, measured):
    assert len(found.masks) == asked["n_kept"]
    assert [str(score) for score in found.scores] == asked["texts"]
    assert list(found.by_area) == arrays["area_order"].tolist()
    bits = arrays["kept_clean_mask_bits"]
    wanted = np.unpackbits(bits, axis=1, count=size[0] * size[1]).reshape(-1, *size)
    measured.same_masks(name, "pixels of cleaned masks", np.stack(found.masks), wanted, PIXELS)
    before = arrays["mask_area"][list(found.tokens)]
    measured.close(name, "areas before, share", found.areas / before, np.ones(len(before)), 0.001)


def boxes_as_logits(*boxes, size=40):
    logits = torch.full((len(boxes), size, size), -5.0)
    for row, (top, left, bottom, right) in enumerate(boxes):
        logits[row, top:bottom, left:right] = 5.0
    return logits


def test_ranking_rules():
    logits = boxes_as_logits((0, 0, 20, 20), (0, 0, 20, 20), (0, 0, 30, 30), (5, 5, 6, 6))
    ious = torch.tensor([0.9, 0.8, 0.7, 0.494])
    none = RankingSettings(holes=0, islands=0)
    ranking = rank(logits, ious, none)
    assert (ranking.tokens, ranking.areas, ranking.by_area) == ((0, 2), (400, 900), (0, 1))
    assert rank(logits, ious, RankingSettings(threshold=0.95)).tokens == (3,)  # the last one of all, however bad
    assert rank(logits, torch.tensor([0.1, 0.2, 0.3, 0.496]), none).tokens == (3,)  # rounded before it is compared
    assert rank(torch.full((2, 9, 9), -1.0), torch.tensor([0.7, 0.6]), none).areas == (0, 0)  # empty ones stay


@given(scores=st.lists(st.integers(0, 100), min_size=1, max_size=6, unique=True), threshold=st.floats(0, 1))
def test_ranking_does_not_depend_on_the_order_of_the_tokens(scores, threshold):
    ious = torch.tensor(scores) / 100
    logits = boxes_as_logits(*[(row, 0, row + 9, 3 * row + 3) for row in range(len(scores))])
    turn = torch.arange(len(scores)).flip(0)
    settings = RankingSettings(threshold=threshold)
    first, second = rank(logits, ious, settings), rank(logits[turn], ious[turn], settings)
    assert first.tokens == tuple(int(turn[token]) for token in second.tokens)
    assert first.scores == second.scores == tuple(sorted(first.scores, reverse=True))
    assert first.masks


MASKS = drawn_arrays(bool, st.tuples(st.integers(1, 14), st.integers(1, 14)))


@given(mask=MASKS, smallest=st.integers(0, 30), kind=st.sampled_from(["holes", "islands"]))
def test_removing_small_regions(mask, smallest, kind):
    before = mask.copy()
    cleaned, changed = remove_small(mask, smallest, kind)
    assert (mask == before).all()
    assert changed or (cleaned == mask).all()
    assert (cleaned >= mask).all() if kind == "holes" else (cleaned <= mask).all()
    assert kind == "holes" or cleaned.any() == mask.any()
    assert (remove_small(cleaned, smallest, kind)[0] == cleaned).all()
    assert (remove_small(mask.T, smallest, kind)[0].sum()) == cleaned.sum()


def test_a_corner_that_the_border_cuts_off_is_a_hole():
    mask = np.ones((30, 30), bool)
    mask[:5, :5] = False
    assert clean_both(mask, 100, 100)[0].all()
    assert (clean_both(mask, 25, 0)[0] == mask).all()


def test_what_is_no_input(network_of):
    with pytest.raises(BadInput, match="an input is"):
        EncodedInput.of(network_of("swin-t"), torch.zeros(1, 8, 8))
