"""The generic branch learns: costs and losses as published, nothing missing counts as absent, clicks to begin with."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from semsam_annotate.model.config import semsam_tiny
from semsam_annotate.model.mask_decoder import Predictions, PromptBatch
from semsam_annotate.model.network import SemanticSam
from semsam_annotate.training.config import GenericConfig, GenericCosts
from semsam_annotate.training.criterion import CriterionConfig
from semsam_annotate.training.generic import (
    Found,
    GenericCriterion,
    match_generic,
    named_targets,
    with_generic_branch,
)
from semsam_annotate.training.generic.criterion import class_loss
from semsam_annotate.training.generic.matcher import focal_cost
from semsam_annotate.training.matcher import Match
from semsam_annotate.training.points import seeded_rand
from semsam_annotate.training.targets import Targets, boxes_of

CPU = torch.device("cpu")
SIDE, OBJECTS, PARTS = 32, 4, 3


def targets(complete=(True, True)) -> Targets:
    """Two images: a car with a wheel and a nameless thing; a cat."""
    masks = torch.zeros(4, SIDE, SIDE, dtype=torch.bool)
    masks[0, 4:20, 4:28] = True
    masks[1, 14:20, 6:12] = True
    masks[2, 24:30, 2:8] = True
    masks[3, 8:30, 10:20] = True
    return Targets(
        masks=masks,
        boxes=boxes_of(masks),
        candidates=torch.full((2, 1, 1), -1),
        clicked=torch.full((2, 1), -1),
        objects=torch.tensor([2, 2, -1, 1]),
        parts=torch.tensor([-1, 0, -1, -1]),
        kinds=torch.tensor([0, 1, -1, 0]),
        image=torch.tensor([0, 0, 0, 1]),
        complete=torch.tensor(complete),
        boxed=torch.zeros(4, dtype=torch.bool),
        exhaustive=torch.zeros(2, OBJECTS, dtype=torch.bool),
        exhaustive_parts=torch.zeros(2, PARTS, dtype=torch.bool),
    )


def answers(seed: int = 0, queries: int = 6) -> Found:
    generator = torch.Generator().manual_seed(seed)

    def numbers(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    boxes = numbers(2, queries, 1, 4).sigmoid() * 0.5 + 0.1
    masks = numbers(2, queries, 1, 8, 8) * 3
    scores, part = numbers(2, queries, 1, 1).sigmoid(), numbers(2, queries, 1)
    state = numbers(2, queries, 1, 16)
    predictions = Predictions(masks, boxes, scores, part, state)
    return Found(predictions, numbers(2, queries, OBJECTS), numbers(2, queries, PARTS))


def test_what_is_to_be_found():
    assert [rows.tolist() for rows in named_targets(targets(), parts=True)] == [[0, 1], [3]]
    assert [rows.tolist() for rows in named_targets(targets(), parts=False)] == [[0], [3]]


def by_hand(found, truth, query, row, places):
    """The published cost of one pair: 4 focal, 5 cross-entropy, 5 Dice, 5 L1, 2 GIoU."""
    image = int(truth.image[row])
    is_part = truth.kinds[row] == 1
    logit = (found.parts if is_part else found.objects)[image, query, (truth.parts if is_part else truth.objects)[row]]
    share = float(torch.sigmoid(logit))
    focal = -0.25 * (1 - share) ** 2 * np.log(share) + 0.75 * share**2 * np.log(1 - share)
    grid = 2 * places[None] - 1
    sample = torch.nn.functional.grid_sample
    logits = sample(found.predictions.masks[image, query][None], grid, align_corners=False).flatten()
    true = sample(truth.masks[row].float()[None, None], grid, align_corners=False).flatten()
    chance = logits.sigmoid()
    cross = -(true * chance.log() + (1 - true) * (1 - chance).log()).mean()
    dice = 1 - (2 * (chance * true).sum() + 1) / (chance.sum() + true.sum() + 1)
    box, other = found.predictions.boxes[image, query, 0], truth.boxes[row]
    corners = [
        (float(b[0] - b[2] / 2), float(b[1] - b[3] / 2), float(b[0] + b[2] / 2), float(b[1] + b[3] / 2))
        for b in (box, other)
    ]
    (ax, ay, bx, by), (cx, cy, dx, dy) = corners
    joint = max(0.0, min(bx, dx) - max(ax, cx)) * max(0.0, min(by, dy) - max(ay, cy))
    union = (bx - ax) * (by - ay) + (dx - cx) * (dy - cy) - joint
    hull = (max(bx, dx) - min(ax, cx)) * (max(by, dy) - min(ay, cy))
    giou = joint / union - (hull - union) / hull
    return 4 * focal + 5 * float(cross) + 5 * float(dice) + 5 * float((box - other).abs().sum()) - 2 * giou


@pytest.mark.parametrize("seed", range(4))
def test_the_match_is_the_cheapest_by_the_published_costs(seed):
    found, truth = answers(seed, queries=3), targets()
    places = seeded_rand(seed, CPU)((1, 200, 2))
    matched = match_generic(
        found, truth, named_targets(truth, True), truth.masks.float(), 200, GenericCosts(), seeded_rand(seed, CPU)
    )
    pairs = {int(row): int(query) for query, row in zip(matched.query, matched.target, strict=True)}
    cost = {(q, row): by_hand(found, truth, q, row, places) for q in range(3) for row in (0, 1, 3)}
    best = min(
        (sum(cost[q, row] for q, row in zip(order, (0, 1), strict=True)), order)
        for order in [(a, b) for a in range(3) for b in range(3) if a != b]
    )[1]
    assert (pairs[0], pairs[1]) == best
    assert pairs[3] - 3 == min(range(3), key=lambda q: cost[q, 3])


def test_order_of_queries_changes_nothing():
    found, truth = answers(1), targets()
    order = torch.randperm(6, generator=torch.Generator().manual_seed(3))
    one = found.predictions
    moved = Found(
        Predictions(
            one.masks[:, order], one.boxes[:, order], one.scores[:, order], one.part[:, order], one.state[:, order]
        ),
        found.objects[:, order],
        found.parts[:, order],
    )
    criterion = GenericCriterion(CriterionConfig(points=64), GenericConfig(queries=6))
    first = criterion([found], truth, seeded_rand(0, CPU))
    second = criterion([moved], truth, seeded_rand(0, CPU))
    for name in ("generic_object_class_0", "generic_box_0", "generic_giou_0", "generic_iou_0", "generic_kind_0"):
        assert float(first[name]) == pytest.approx(float(second[name]), rel=1e-5), name


def test_a_right_answer_costs_nothing():
    truth, found = targets(), answers(0)
    small = torch.nn.functional.avg_pool2d(truth.masks[:, None].float(), 4)[:, 0] > 0.5
    masks = torch.full((2, 6, 1, 8, 8), -20.0)
    boxes = torch.full((2, 6, 1, 4), 0.5)
    objects, parts = torch.full((2, 6, OBJECTS), -20.0), torch.full((2, 6, PARTS), -20.0)
    kind, scores = torch.full((2, 6, 1), -20.0), torch.zeros(2, 6, 1, 1)
    for image, query, row in ((0, 4, 0), (0, 1, 1), (1, 2, 3)):
        masks[image, query, 0] = torch.where(small[row], 20.0, -20.0)
        boxes[image, query, 0] = truth.boxes[row]
        scores[image, query] = 1.0
        if truth.kinds[row] == 1:
            parts[image, query, truth.parts[row]], kind[image, query] = 20.0, 20.0
        else:
            objects[image, query, truth.objects[row]] = 20.0
    right = Found(Predictions(masks, boxes, scores, kind, found.predictions.state), objects, parts)
    criterion = GenericCriterion(CriterionConfig(points=512), GenericConfig(queries=6))
    losses = criterion([right], truth, seeded_rand(0, CPU))
    for name in ("object_class", "box", "giou", "iou", "kind"):
        assert float(losses[f"generic_{name}_0"]) == pytest.approx(0, abs=1e-5), name
    wrong = criterion([found], truth, seeded_rand(0, CPU))
    assert float(criterion.total(wrong)) > float(criterion.total(losses)) + 10


def test_what_nobody_annotated_is_no_negative():
    found, truth = answers(2), targets(complete=(False, True))
    matched = Match(torch.tensor([0, 7]), torch.tensor([0, 3]))
    objects = found.objects.clone().requires_grad_(True)
    class_loss(Found(found.predictions, objects, found.parts), truth, matched).backward()
    assert objects.grad[0, 0].abs().min() > 0
    assert (objects.grad[0, 1:] == 0).all()
    assert objects.grad[1].abs().min() > 0


def test_a_part_that_is_known_to_be_absent_is_a_negative():
    found = answers(2)
    known = torch.zeros(2, PARTS, dtype=torch.bool)
    known[0, 1] = True
    truth = replace(targets(complete=(False, False)), exhaustive_parts=known)
    parts = found.parts.clone().requires_grad_(True)
    class_loss(
        Found(found.predictions, found.objects, parts), truth, Match(torch.tensor([0]), torch.tensor([0]))
    ).backward()
    assert parts.grad[0, 1:, 1].abs().min() > 0
    assert (parts.grad[0, 1:, [0, 2]] == 0).all()
    assert (parts.grad[1] == 0).all()


def test_images_without_names():
    truth = targets(complete=(False, False))
    nameless = replace(truth, kinds=torch.full_like(truth.kinds, -1))
    criterion = GenericCriterion(CriterionConfig(points=64), GenericConfig(queries=6))
    losses = criterion([answers(0)], nameless, seeded_rand(0, CPU))
    assert float(criterion.total(losses)) == 0


def test_focal_cost_is_lowest_for_the_surest():
    assert (focal_cost(torch.linspace(-6, 6, 30)).diff() < 0).all()


def test_queries_begin_as_clicks():
    torch.manual_seed(0)
    config = semsam_tiny()
    network = SemanticSam(config).eval()
    grown = with_generic_branch(network, 12).eval()
    assert with_generic_branch(grown, 99) is grown
    assert with_generic_branch(network, 0) is network
    generic = grown.mask_decoder.generic_queries
    with torch.inference_mode():
        memory = grown.encode(torch.randint(0, 255, (1, 3, 64, 64)))
        anchors = generic.anchors.sigmoid()[None]
        asked = PromptBatch.of_boxes(anchors[:, :1])
        first = grown.mask_decoder._start(asked)[0][0, 0, 0]
        torch.testing.assert_close(first, generic.content[0])
        assert anchors[0, :, 2:].unique().tolist() == pytest.approx([config.input.point_size], abs=1e-6)
        assert grown.mask_decoder.generic(memory)[-1].masks.shape[:3] == (1, 12, 1)
