"""Proposals become Instances and come back: pixels, numbers and the class; other models' Instances come in, too."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from semsam_annotate.api import Ladder
from semsam_annotate.detectron2.instances import from_instances, to_instances, to_proposals

CLASSES = ["car", "cat", "car:wheel", "unlabelled:rim"]
SHARE = st.floats(0, 1, width=32)
ROWS = st.lists(st.tuples(st.integers(1, 2**20 - 1), st.sampled_from([*CLASSES, None]), SHARE, SHARE), max_size=6)


def labels(name, chance):
    owner, _, part = (name or "").partition(":")
    if not part:
        return {"object_labels": [(owner, chance)] if owner else [], "part_probability": 0.25}
    owned = [] if owner == "unlabelled" else [(owner, 1.0)]
    return {"object_labels": owned, "part_labels": [(part, chance)], "part_probability": 0.75}


@hypothesis_settings(max_examples=30)
@given(rows=ROWS)
def test_there_and_back(rows, proposal_of):
    made = []
    for number, (bits, name, score, chance) in enumerate(rows):
        mask = np.array([bits >> place & 1 for place in range(20)], bool).reshape(4, 5)
        made.append(proposal_of(mask, score, level=1 + number, stability=chance, **labels(name, chance)))
    instances = to_instances(made, (4, 5), CLASSES)
    assert instances.image_size == (4, 5)
    assert instances.pred_masks.shape == (len(made), 4, 5)
    assert (instances.pred_masks.dtype, instances.pred_classes.dtype) == (torch.bool, torch.int64)
    assert instances.pred_boxes.tensor.shape == (len(made), 4)
    back = from_instances(instances, CLASSES)
    for before, after, (_, name, _, chance) in zip(made, back, rows, strict=True):
        assert np.array_equal(before.mask, after.mask)
        assert (after.box, after.level) == (before.box, before.level)
        assert [after.score, after.stability, after.part_probability] == [
            before.score,
            before.stability,
            before.part_probability,
        ]
        named = [label for label, _ in after.part_labels or after.object_labels]
        assert named == ([(name.partition(":")[2] or name)] if name else [])
        assert not name or (after.part_labels or after.object_labels)[0][1] == pytest.approx(chance)


def test_a_class_without_a_name_is_the_background(proposal_of):
    found = to_instances([proposal_of(np.ones((4, 5), bool), object_labels=[("dog", 1.0)])], (4, 5), CLASSES)
    assert found.pred_classes.tolist() == [len(CLASSES)]
    assert found.class_scores.tolist() == [0]
    assert found.scores.tolist() == [0.75]
    assert found[found.pred_classes < len(CLASSES)].pred_masks.shape == (0, 4, 5)


def test_chances_of_owner_and_part_multiply(proposal_of):
    named = {"object_labels": [("cat", 0.6), ("car", 0.4)], "part_labels": [("wheel", 0.5)], "part_probability": 0.9}
    found = to_instances([proposal_of(np.ones((4, 5), bool), **named)], (4, 5), CLASSES, by_name=True)
    assert (found.pred_classes.tolist(), found.scores.tolist()) == ([2], pytest.approx([0.2]))


def test_a_ladder_and_its_proposals(proposal_of):
    masks = np.triu(np.ones((4, 4), bool)), np.eye(4, dtype=bool)
    ladder = Ladder([proposal_of(mask, 0.5 + 0.25 * number) for number, mask in enumerate(masks)])
    assert to_instances(ladder, (4, 4)).pred_masks.sum((1, 2)).tolist() == [4, 10]
    found = to_proposals(ladder, (4, 4))
    assert torch.allclose(found.objectness_logits.sigmoid(), torch.tensor([0.75, 0.5]))
    assert found.proposal_boxes.tensor.tolist() == [[0, 0, 4, 4]] * 2


def test_instances_of_another_model(d2):
    masks = torch.zeros((3, 4, 5), dtype=torch.bool)
    masks[0, 1:3, 2:4] = masks[2, 0] = True
    theirs = d2.structures.Instances(
        (4, 5),
        pred_boxes=d2.structures.Boxes(torch.zeros((3, 4))),
        scores=torch.tensor([0.9, 0.8, 0.7]),
        pred_classes=torch.tensor([2, 0, 1]),
        pred_masks=masks,
    )
    wheel, cat = from_instances(theirs, CLASSES, model="mask-rcnn")
    assert (wheel.part_labels, wheel.object_labels) == ([("wheel", pytest.approx(0.9))], [("car", 1.0)])
    assert (wheel.part_probability, cat.part_probability) == (1, 0)
    assert (wheel.box, wheel.model, cat.score) == ((2, 1, 4, 3), "mask-rcnn", pytest.approx(0.7))
