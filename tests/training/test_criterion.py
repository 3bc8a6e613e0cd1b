"""Matching against brute force, and what the losses must not depend on."""

from itertools import permutations

import pytest
import torch
from torch.nn import functional as F

from semsam_annotate.model.mask_decoder import Predictions
from semsam_annotate.training.class_loss import name_losses
from semsam_annotate.training.counts import name_weights
from semsam_annotate.training.criterion import Criterion, CriterionConfig, Truth
from semsam_annotate.training.matcher import MatchCosts, _costs, match
from semsam_annotate.training.points import sample_points, seeded_rand, uncertain_points
from semsam_annotate.training.targets import Targets

CPU = torch.device("cpu")
CONFIG = CriterionConfig(points=64, truth_stride=2, score_target="iou")


def predictions(batch=2, count=3, tokens=4, seed=0, scores=2):
    drawn = torch.Generator().manual_seed(seed)
    shape = (batch, count, tokens)
    return Predictions(
        masks=torch.randn(*shape, 8, 8, generator=drawn).requires_grad_(),
        boxes=(torch.rand(*shape, 4, generator=drawn) * 0.4 + 0.2).requires_grad_(),
        scores=torch.rand(*shape, scores, generator=drawn).requires_grad_(),
        part=torch.randn(*shape, generator=drawn),
        state=torch.randn(*shape, 16, generator=drawn),
    )


def targets(batch=2, count=3, seed=0, most=3):
    """Five random masks; each click means one to three of them, the first one meant."""
    drawn = torch.Generator().manual_seed(seed)
    masks = F.interpolate(torch.rand(5, 1, 4, 4, generator=drawn), (32, 32))[:, 0] > 0.5
    masks[:, 0, 0] = True
    candidates = torch.full((batch, count, most + 2), -1)
    for b in range(batch):
        for n in range(count):
            number = int(torch.randint(1, most + 1, (1,), generator=drawn))
            candidates[b, n, :number] = torch.randperm(5, generator=drawn)[:number]
    return Targets.class_agnostic(masks, candidates, candidates[..., 0].clone())


def always(value):
    """A source of one number."""
    return lambda shape, image=None: torch.full(shape, value)


def uniform(_shape, _image=None):
    """Points that are the same for every row, so that reordering rows changes nothing."""
    steps = (torch.arange(_shape[1] * 2).view(1, -1, 2) * 0.61803) % 1
    return steps.expand(_shape[0], -1, -1)


@pytest.mark.parametrize("seed", range(8))
def test_matching_is_the_cheapest_of_all(seed):
    found, truth = predictions(seed=seed), targets(seed=seed)
    soft = Truth.of(truth, 1, (8, 8)).soft
    pairs = match(found, truth, soft, 64, MatchCosts(), uniform)
    cost = _costs(found, truth, soft, 64, MatchCosts(), uniform)
    chosen = list(zip(pairs.query.tolist(), pairs.target.tolist(), strict=True))
    for click, row in enumerate(truth.candidates.flatten(0, 1).tolist()):
        wanted = [target for target in row if target >= 0]
        ours = [(query - 4 * click, target) for query, target in chosen if query // 4 == click]
        assert sorted(target for _, target in ours) == sorted(wanted)
        assert len({query for query, _ in ours}) == len(wanted)
        cheapest = min(
            sum(cost[click, query, column].item() for column, query in enumerate(order))
            for order in permutations(range(4), len(wanted))
        )
        assert sum(cost[click, query, row.index(target)].item() for query, target in ours) == pytest.approx(cheapest)


def test_more_candidates_than_queries():
    found, truth = predictions(tokens=2), targets(most=5)
    pairs = match(found, truth, Truth.of(truth, 1, (8, 8)).soft, 16, MatchCosts(), uniform)
    counts = torch.bincount(pairs.query // 2, minlength=6)
    wanted = (truth.candidates >= 0).sum(-1).flatten().clamp(max=2)
    assert counts.tolist() == wanted.tolist()


def test_clicks_that_mean_nothing():
    found = predictions()
    truth = Targets.class_agnostic(targets().masks, torch.full((2, 3, 2), -1))
    losses, pairs = Criterion(CONFIG)([found], truth, seeded_rand(0, CPU))
    assert not len(pairs.query)
    assert all(value.item() == 0 for value in losses.values())
    Criterion(CONFIG).total(losses).backward()


@pytest.mark.parametrize("target", ["soft-dice", "soft-dice-detached", "iou"])
def test_order_of_clicks_and_of_masks_does_not_matter(target):
    config = CriterionConfig(points=64, score_target=target)
    found, truth = predictions(), targets()
    losses, _ = Criterion(config)([found, found], truth, uniform)
    order = [2, 0, 1]
    turned = Predictions(*(getattr(found, name)[:, order] for name in ("masks", "boxes", "scores", "part", "state")))
    rows = torch.tensor([3, 1, 4, 0, 2])  # old mask rows[i] becomes mask i
    place = torch.argsort(rows)
    moved = torch.where(truth.candidates >= 0, place[truth.candidates.clamp(min=0)], -1)
    other = Targets.class_agnostic(truth.masks[rows], moved[:, order], place[truth.clicked][:, order])
    again, _ = Criterion(config)([turned, turned], other, uniform)
    assert {k: v.item() for k, v in again.items()} == pytest.approx({k: v.item() for k, v in losses.items()}, rel=1e-4)


def test_unmatched_queries_learn_only_the_clicked_quality():
    found, truth = predictions(), targets()
    losses, pairs = Criterion(CONFIG)([found], truth, seeded_rand(0, CPU))
    Criterion(CONFIG).total(losses).backward()
    touched = found.masks.grad.flatten(0, 2).flatten(1).any(1)
    assert set(touched.nonzero()[:, 0].tolist()) <= set(pairs.query.tolist())
    assert (found.scores.grad[..., 1] != 0).all()


def test_a_perfect_answer_costs_next_to_nothing():
    truth = targets(batch=1, count=1, most=1)
    row = int(truth.candidates[0, 0, 0])
    small = F.avg_pool2d(truth.masks[row].float()[None], 4)[0]
    masks = (torch.where(small > 0.5, 40.0, -40.0))[None, None, None]
    found = Predictions(masks, truth.boxes[row][None, None, None], torch.ones(1, 1, 1, 2), None, torch.zeros(1))
    losses, _ = Criterion(CriterionConfig(points=256, score_target="iou"))([found], truth, seeded_rand(0, CPU))
    for name in ("iou", "clicked_iou", "box", "giou"):
        assert losses[f"{name}_0"].item() == pytest.approx(0, abs=1e-4)


def test_a_missing_label_is_never_a_negative():
    """Rows without a label are left out before; with ``null`` 0, only the true name is pulled up."""
    logits = torch.zeros(2, 4, requires_grad=True)
    name_losses(logits, torch.tensor([1, 2]), [1, 1, 1], 0.0, always(0.5)).sum().backward()
    assert (logits.grad < 0).nonzero().tolist() == [[0, 1], [1, 2]]
    hidden = torch.zeros(2, 4, requires_grad=True)
    name_losses(hidden, torch.tensor([1, 2]), [1, 1, 1], 1.0, always(0.0)).sum().backward()
    assert (hidden.grad < 0).nonzero().tolist() == [[0, 3], [1, 3]]  # none of these
    assert hidden.grad[0, 1] == hidden.grad[1, 2] == 0  # the name that was taken away


def test_rare_names_weigh_more():
    logits = torch.zeros(2, 3)
    logits[0, 0] = 5.0  # the frequent one is right already, the rare one is not
    rare = name_losses(logits, torch.tensor([0, 1]), [100, 1], 0.0, always(1.0))
    even = name_losses(logits, torch.tensor([0, 1]), [1, 1], 0.0, always(1.0))
    assert rare.sum() / name_weights([100, 1], torch.tensor([0, 1])).sum() > even.sum() / 2


def test_points():
    maps = torch.arange(12.0).view(1, 3, 4)
    centres = torch.tensor([[[0.125, 1 / 6], [0.875, 5 / 6], [-1.0, 0.5]]])
    assert sample_points(maps, centres)[0].tolist() == pytest.approx([0, 11, 0], abs=1e-5)
    logits = torch.full((2, 8, 8), 9.0)
    logits[:, :, 4] = 0.0
    chosen = uncertain_points(logits, 40, 4.0, 0.5, seeded_rand(1, CPU))
    assert chosen.shape == (2, 40, 2)
    doubtful = sample_points(logits, chosen[:, :20]).mean()
    assert doubtful < sample_points(logits, chosen[:, 20:]).mean()
    first, second = (seeded_rand(seed, CPU)((3,)).tolist() for seed in (5, 5))
    assert first == second


@pytest.mark.parametrize(("target", "felt"), [("soft-dice", True), ("soft-dice-detached", False), ("iou", False)])
def test_only_the_published_score_reaches_the_masks(target, felt):
    found = predictions()
    losses, _ = Criterion(CriterionConfig(points=64, score_target=target))([found], targets(), seeded_rand(0, CPU))
    (gradient,) = torch.autograd.grad(losses["iou_0"], found.masks, allow_unused=True, materialize_grads=True)
    assert bool(gradient.any()) == felt
