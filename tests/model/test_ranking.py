"""Ladders of a model with a ranker: rungs of the network and of the image, scored together."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from semsam_annotate.api import BadInput, Prompt, Vocabulary
from semsam_annotate.model.checkpoints.weights import CheckpointCard, load_checkpoint, save_checkpoint
from semsam_annotate.model.config import ModelConfig, RankerConfig
from semsam_annotate.model.engine.clicks import Click
from semsam_annotate.model.engine.rungs import Pool, contradicts
from semsam_annotate.model.ranking import Ranker, Rungs, feature_count, rung_features

CLICK = Prompt(points=[(20.0, 30.0)])
CLICKS = [CLICK, Prompt(points=[(50, 8)]), Prompt(points=[(10, 10), (40, 30)], labels=[1, 0])]


@pytest.fixture
def ranked(small):
    """The small network's configuration with a ranker."""
    return replace(small, ranker=RankerConfig(hidden=4))


def rungs(masks, tokens=2, click=(3.0, 3.0)):
    count = len(masks)
    rng = np.random.default_rng(0)
    quality = np.where(np.arange(count)[:, None] < tokens, rng.random((count, 2)), 0).astype(np.float32)
    blank = np.zeros(count, np.float32)
    return Rungs(np.array(masks), tokens, quality, blank + 0.5, blank, blank, click, 1)


def square(size, side=9, top=1, left=1):
    mask = np.zeros((side, side), bool)
    mask[top : top + size, left : left + size] = True
    return mask


def test_features_are_as_many_as_said_and_finite_even_of_nothing():
    masks = [square(5), square(0), np.ones((9, 9), bool), square(1)]
    found, ious = rung_features(rungs(masks))
    assert found.shape == (4, feature_count(2, 2))
    assert np.isfinite(found).all()
    assert np.isfinite(ious).all()
    assert ious[0, 0] == 1
    assert ious[0, 2] == pytest.approx(25 / 81)


def test_the_mask_around_the_click_looks_more_central():
    middle, aside = square(5), square(5, top=3, left=3)
    found, _ = rung_features(rungs([middle, aside], click=(3.5, 3.5)))
    differing = found[0, 7:] != found[1, 7:]
    assert differing.any()
    depth = 7 + 2
    assert found[0, depth] == 1
    assert found[1, depth] < 1


def test_features_of_a_rung_do_not_depend_on_the_scale_of_the_grid_much():
    small, _ = rung_features(rungs([square(5, 18, 3, 3)], 1, (5.5, 5.5)))
    large, _ = rung_features(rungs([np.kron(square(5, 18, 3, 3), np.ones((4, 4), bool))], 1, (22.0, 22.0)))
    np.testing.assert_allclose(small, large, atol=0.25)


def test_ladders_have_at_most_six_rungs_and_regions_are_among_them(engine_of, ranked, photo):
    engine = engine_of(config=ranked)
    handle = engine.encode(photo)
    candidates = engine.candidates(handle, CLICKS)
    for ladder, found in zip(engine.propose_many(handle, CLICKS), candidates, strict=True):
        assert 1 <= len(ladder) <= 6
        assert len(found.masks) == 6 + len(RankerConfig().scales)
        masks = {mask.full().tobytes() for mask in found.masks}
        assert all(proposal.mask.tobytes() in masks for proposal in ladder)
        areas = [proposal.mask.sum() for proposal in ladder]
        assert areas == sorted(areas)


def test_scores_are_the_rankers(engine_of, ranked, photo):
    engine = engine_of(config=ranked)
    handle = engine.encode(photo)
    scores, _ = engine.candidates(handle, [CLICK])[0].pool.scores(engine._current().network.ranker)
    told = [proposal.score for proposal in engine.propose(handle, CLICK)]
    assert set(np.round(told, 5)) <= set(np.round(scores.tolist(), 5))
    assert max(told) == pytest.approx(float(scores.max()))


def test_many_prompts_are_answered_as_one_by_one(engine_of, ranked, photo):
    engine = engine_of(config=ranked)
    handle, words = engine.encode(photo), Vocabulary(["car"], ["wheel"])
    together = engine.propose_many(handle, CLICKS, words)
    for prompt, ladder in zip(CLICKS, together, strict=True):
        alone = engine.propose(handle, prompt, words)
        assert [one.level for one in alone] == [one.level for one in ladder]
        for one, other in zip(alone, ladder, strict=True):
            assert np.array_equal(one.mask, other.mask)
            assert one.score == pytest.approx(other.score, abs=1e-5)
            assert [name for name, _ in one.object_labels] == [name for name, _ in other.object_labels]


def test_regions_come_back_from_disk(engine_of, ranked, photo, tmp_path):
    first, again = (engine_of(config=ranked, cache_folder=tmp_path) for _ in range(2))
    handle = first.encode(photo)
    for one, other in zip(first.propose(handle, CLICK), again.propose(handle, CLICK), strict=True):
        assert np.array_equal(one.mask, other.mask)
        assert one.score == other.score


def test_boxes_are_scored_by_the_network(engine_of, small, ranked, photo):
    """Drawn towards edges more of them may be alike; those that stay are scored as without a ranker."""
    box = Prompt(box=(5.0, 5.0, 40.0, 30.0))
    engines = [engine_of(config=small), engine_of(config=ranked)]
    network = engines[1]._current().network
    network.load_state_dict(engines[0]._current().network.state_dict(), strict=False)
    network.ranker.out.bias.data.fill_(10.0)  # it would be sure of everything
    plain, with_ranker = ([one.score for one in engine.propose(engine.encode(photo), box)] for engine in engines)
    assert with_ranker
    assert set(with_ranker) <= set(plain)
    assert with_ranker == sorted(with_ranker, reverse=True)
    assert min(one.score for one in engines[1].propose(engines[1].encode(photo), CLICK)) > 0.9


def test_a_checkpoint_keeps_its_ranker(network_of, ranked, tmp_path):
    network = network_of(config=ranked)
    save_checkpoint(network, CheckpointCard(ranked, (1, 2, 3, 4, 5, 6)), tmp_path / "w.safetensors", half=False)
    again, card, _ = load_checkpoint(tmp_path / "w.safetensors")
    assert card.config == ranked
    assert ModelConfig.from_json(ranked.to_json()) == ranked
    assert isinstance(again.ranker, Ranker)
    features = torch.randn(3, feature_count(6, 4))
    assert torch.equal(again.ranker(features), network.ranker(features))


def pool_of(ious):
    return Pool(torch.zeros(len(ious), 4, 4), [], np.zeros((len(ious), 1), np.float32), np.array(ious, np.float32))


def test_the_likeliest_is_in_and_copies_wait():
    count = 8
    ious = np.eye(count, dtype=np.float32)
    ious[0, 1] = ious[1, 0] = 0.99
    meant, fit = torch.full((count,), 0.2), torch.linspace(0.5, 0.4, count)
    meant[1] = 0.9
    chosen = pool_of(ious).best(meant, fit)
    assert chosen[0] == 1
    assert len(chosen) == len(set(chosen)) == 6
    assert 0 not in chosen
    assert set(chosen) == {1, 2, 3, 4, 5, 6}


def test_fewer_candidates_than_rungs_are_all_in():
    assert sorted(pool_of(np.eye(3)).best(torch.rand(3), torch.rand(3))) == [0, 1, 2]


def test_candidates_need_a_ranker(engine_of, photo):
    engine = engine_of()
    with pytest.raises(BadInput, match="no ranker"):
        engine.candidates(engine.encode(photo), [CLICK])


def test_drawing_towards_edges_takes_no_click_away(engine_of, ranked, photo):
    """Masks of the network are held to several clicks, and stay so."""
    engine = engine_of(config=ranked)
    prompt = Prompt(points=[(10, 10), (40, 30), (50, 8)], labels=[1, 0, 1])
    found = engine.candidates(engine.encode(photo), [prompt])[0]
    for mask in found.masks[: found.pool.tokens]:
        assert mask.at(10, 10)
        assert mask.at(50, 8)
        assert not mask.at(40, 30)


def test_nor_does_it_take_a_known_place_from_a_mask(engine_of, ranked, photo):
    """Where the network's outline agrees with the only click beside a box, so does the mask that follows edges."""
    engine = engine_of(config=ranked)
    reading = replace(engine._reading(engine._image(engine.encode(photo)), Vocabulary()), cleaning=False)
    rng, side = np.random.default_rng(0), reading.frame.padded[0] // 4
    logits = torch.nn.functional.avg_pool2d(torch.from_numpy(rng.normal(size=(1, 60, side + 4, side + 4))), 5, 1)[0]
    moved = 0
    for x, y in rng.integers((0, 0), (80, 60), (20, 2)).tolist():
        for label in (0, 1):
            pins = [Click(x, y, label)]
            plain, free, held = (
                one.drawn(logits, known)
                for one, known in ((replace(reading, snapper=None), ()), (reading, ()), (reading, pins))
            )
            agree = [index for index, mask in enumerate(plain) if not contradicts(mask, pins)]
            assert not any(contradicts(held[index], pins) for index in agree)
            moved += sum(contradicts(free[index], pins) for index in agree)
    assert moved  # otherwise nothing was held
