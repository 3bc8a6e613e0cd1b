"""From overlapping masks to a tree: what resembles a better mask goes, the rest is arranged by what holds what."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.api import Proposal, Tree, Vocabulary
from semsam_annotate.model.engine.ladder import distinct, stability, tight_box
from semsam_annotate.model.engine.whole_image import arrange, suppress


def rectangles(count):
    corner = st.integers(0, 11)
    boxes = st.tuples(corner, corner, st.integers(1, 12), st.integers(1, 12))
    return st.lists(boxes, min_size=1, max_size=count)


def masks_of(boxes):
    masks = np.zeros((len(boxes), 12, 12), bool)
    for mask, (top, left, height, width) in zip(masks, boxes, strict=True):
        mask[top : top + height, left : left + width] = True
    return masks


def iou(first, second):
    return (first & second).sum() / (first | second).sum()


def proposals_of(masks):
    return [
        Proposal(id=str(number), model="m", score=0.5, stability=1.0, level=1, box=tight_box(mask), mask=mask)
        for number, mask in enumerate(masks)
    ]


@given(boxes=rectangles(12), same=st.floats(0.1, 0.95), data=st.data())
def test_suppress_keeps_the_best_of_what_resembles(boxes, same, data):
    masks = masks_of(boxes)
    quality = data.draw(st.permutations(np.linspace(0, 1, len(boxes)).tolist()))
    kept = suppress(torch.from_numpy(masks), torch.tensor(quality), same).tolist()
    assert kept[0] == int(np.argmax(quality))
    assert [quality[row] for row in kept] == sorted((quality[row] for row in kept), reverse=True)
    for row in range(len(masks)):
        like = [other for other in kept if quality[other] > quality[row] and iou(masks[row], masks[other]) > same]
        assert (row in kept) == (not like)


@given(boxes=rectangles(12))
def test_every_mask_is_in_the_tree_below_what_holds_it(boxes):
    masks = masks_of(boxes)
    tree = arrange(proposals_of(masks), [torch.from_numpy(mask) for mask in masks], 0.85)
    assert sorted(node.proposal.id for node in tree) == sorted(str(number) for number in range(len(masks)))
    for node in tree:
        mask = node.proposal.mask
        if node.parent is None:
            larger = [other for other in masks if other.sum() > mask.sum()]
            assert all((other & mask).sum() / mask.sum() < 0.85 for other in larger)
        else:
            assert node in node.parent.children
            assert node.parent.proposal.area >= node.proposal.area
            assert (node.parent.proposal.mask & mask).sum() / mask.sum() >= 0.85 - 1e-6
    back = Tree.from_json(tree.to_json())
    assert back.to_json() == tree.to_json()


def test_the_smallest_holder_is_the_parent():
    masks = masks_of([(0, 0, 12, 12), (1, 1, 6, 6), (2, 2, 2, 2), (9, 9, 2, 2)])
    tree = arrange(proposals_of(masks), [torch.from_numpy(mask) for mask in masks], 0.85)
    parents = {node.proposal.id: node.parent and node.parent.proposal.id for node in tree}
    assert parents == {"0": None, "1": "0", "2": "1", "3": "0"}


@given(boxes=rectangles(6), data=st.data())
def test_rungs_differ(boxes, data):
    masks = list(masks_of(boxes))
    scores = data.draw(st.lists(st.floats(0, 1), min_size=len(masks), max_size=len(masks)))
    kept = distinct(masks, scores)
    assert scores[kept[0]] == max(scores)
    for place, row in enumerate(kept):
        assert all(iou(masks[row], masks[other]) <= 0.95 for other in kept[:place])
    for row in set(range(len(masks))) - set(kept):
        assert any(iou(masks[row], masks[other]) > 0.95 and scores[other] >= scores[row] for other in kept)


@given(boxes=rectangles(1))
def test_boxes_are_tight(boxes):
    (mask,) = masks_of(boxes)
    x0, y0, x1, y1 = (int(edge) for edge in tight_box(mask))
    assert mask[y0:y1, x0:x1].any(0).all()
    assert mask[y0:y1, x0:x1].any(1).all()
    assert mask.sum() == mask[y0:y1, x0:x1].sum()
    assert tight_box(np.zeros((3, 3), bool)) == (0, 0, 0, 0)


def test_stability_is_a_share():
    logits = torch.tensor([[[9.0, 9.0], [0.0, -9.0]], [[9.0] * 2] * 2, [[-9.0] * 2] * 2])
    np.testing.assert_allclose(stability(logits), [2 / 3, 1, 0], rtol=1e-6)


def test_auto_of_a_random_network(engine_of, photo):
    engine = engine_of()
    tree = engine.auto(engine.encode(photo), Vocabulary(["car", "boat"], ["wheel"]))
    assert len(tree) >= 1
    for node in tree:
        assert node.proposal.mask.shape == (60, 80)
        assert node.proposal.mask.any()
        assert len(node.proposal.object_labels) == 2
        assert node.parent is None or node.parent.proposal.area >= node.proposal.area
    assert Tree.from_json(tree.to_json()).to_json() == tree.to_json()
