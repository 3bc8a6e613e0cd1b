"""Trees: who holds whom, who is a part, and siblings that keep apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.api import AutoSettings, Proposal, Tree, TreeNode
from semsam_annotate.api.runs import Runs
from semsam_annotate.automatic import Overlaps, arrange
from semsam_annotate.automatic.tree import is_part

corner = st.integers(0, 11)
rectangles = st.lists(st.tuples(corner, corner, st.integers(1, 12), st.integers(1, 12)), min_size=1, max_size=12)


def masks_of(boxes):
    masks = np.zeros((len(boxes), 12, 12), bool)
    for mask, (top, left, height, width) in zip(masks, boxes, strict=True):
        mask[top : top + height, left : left + width] = True
    return masks


def tree_of(masks, scores=None, **settings):
    scores = [0.5] * len(masks) if scores is None else scores
    proposals = [
        Proposal(id=str(row), model="m", score=score, stability=1.0, level=1, box=Runs.of(mask).box, mask=mask)
        for row, (mask, score) in enumerate(zip(masks, scores, strict=True))
    ]
    return arrange(proposals, Overlaps.of_runs([Runs.of(mask) for mask in masks]), AutoSettings(**settings))


def share(first, second):
    return (first & second).sum() / min(first.sum(), second.sum())


@given(boxes=rectangles, data=st.data())
def test_a_tree_keeps_its_promises(boxes, data):
    masks = masks_of(boxes)
    scores = data.draw(st.lists(st.floats(0, 1), min_size=len(masks), max_size=len(masks)))
    tree = tree_of(masks, scores, inside=0.85, sibling_overlap=0.3)
    left = {int(node.proposal.id) for node in tree}
    assert len(left) == len(tree) >= 1
    for node in tree:
        mask = node.proposal.mask
        holders = [
            other
            for other in left
            if masks[other].sum() > mask.sum() and (masks[other] & mask).sum() >= 0.85 * mask.sum()
        ]
        if node.parent is None:
            assert not holders
        else:
            assert node in node.parent.children
            parent = node.parent.proposal
            assert (parent.mask & mask).sum() >= 0.85 * mask.sum()
            assert parent.area <= min([masks[other].sum() for other in holders], default=parent.area)
        for other in tree.roots if node.parent is None else node.parent.children:
            assert other is node or share(mask, other.proposal.mask) <= 0.3
    for gone in set(range(len(masks))) - left:
        better = [row for row in range(len(masks)) if row != gone and scores[row] >= scores[gone]]
        assert any(share(masks[gone], masks[row]) > 0.3 for row in better)
    assert Tree.from_json(tree.to_json()).to_json() == tree.to_json()


@given(boxes=rectangles)
def test_only_doubles_are_left_out_when_siblings_may_overlap(boxes):
    masks = masks_of(boxes)
    tree = tree_of(masks, sibling_overlap=1.0)
    assert {node.proposal.mask.tobytes() for node in tree} == {mask.tobytes() for mask in masks}
    assert len(tree) == len({mask.tobytes() for mask in masks})


@given(boxes=rectangles)
def test_overlaps_are_counted(boxes):
    masks = masks_of(boxes)
    overlaps = Overlaps.of_runs([Runs.of(mask) for mask in masks])
    pairs = zip(overlaps.first.tolist(), overlaps.second.tolist(), strict=True)
    found = dict(zip(pairs, overlaps.joint.tolist(), strict=True))
    assert overlaps.areas.tolist() == masks.sum((1, 2)).tolist()
    assert found == {
        (a, b): int((masks[a] & masks[b]).sum())
        for a in range(len(masks))
        for b in range(a + 1, len(masks))
        if (masks[a] & masks[b]).any()
    }


def test_the_smallest_holder_is_the_parent():
    tree = tree_of(masks_of([(0, 0, 12, 12), (1, 1, 6, 6), (2, 2, 2, 2), (9, 9, 2, 2)]))
    parents = {node.proposal.id: node.parent and node.parent.proposal.id for node in tree}
    assert parents == {"0": None, "1": "0", "2": "1", "3": "0"}


def test_children_of_the_sibling_that_goes_move_up():
    masks = masks_of([(0, 0, 12, 12), (0, 0, 6, 12), (2, 0, 6, 12), (3, 3, 2, 2)])
    tree = tree_of(masks, [0.9, 0.5, 0.8, 0.7], sibling_overlap=0.25)
    parents = {node.proposal.id: node.parent and node.parent.proposal.id for node in tree}
    assert parents == {"0": None, "2": "0", "3": "2"}


def proposal(part, labels):
    return Proposal(
        id="p", model="m", score=0.5, stability=1, level=1, box=(0, 0, 1, 1), mask=np.ones((1, 1), bool),
        part_probability=part, object_labels=labels,
    )  # fmt: skip


CAR, CUP = [("car", 0.9), ("cup", 0.05)], [("cup", 0.9), ("car", 0.05)]


@pytest.mark.parametrize(
    ("chance", "labels", "capabilities", "expected"),
    [
        (0.1, CAR, (), True),  # no head was trained: what lies inside is a part
        (0.1, CAR, ("part_probability",), False),
        (0.9, CUP, ("part_probability",), True),
        (0.45, CAR, ("part_probability", "object_labels"), True),  # named as what holds it
        (0.55, CUP, ("part_probability", "object_labels"), False),  # a cup in a car
        (0.9, CUP, ("object_labels",), False),
        (0.1, [], ("object_labels",), True),  # no names were given
    ],
)
def test_parts_by_head_and_labels(chance, labels, capabilities, expected):
    parent = TreeNode(proposal(0.1, CAR))
    assert is_part(proposal(chance, labels), parent, capabilities) is expected


def test_what_nothing_holds_is_an_object_unless_the_head_says_otherwise():
    assert not is_part(proposal(0.4, CAR), None, ())
    assert not is_part(proposal(0.4, CAR), None, ("part_probability", "object_labels"))
    assert is_part(proposal(0.8, CAR), None, ("part_probability", "object_labels"))


@given(boxes=rectangles, data=st.data())
def test_of_masks_with_the_same_pixels_the_best_is_left(boxes, data):
    boxes = [boxes[row] for row in data.draw(st.lists(st.integers(0, len(boxes) - 1), min_size=1, max_size=12))]
    scores = data.draw(st.lists(st.floats(0, 1), min_size=len(boxes), max_size=len(boxes)))
    masks = masks_of(boxes)
    left = [int(node.proposal.id) for node in tree_of(masks, scores)]
    assert len({masks[row].tobytes() for row in left}) == len(left) >= 1
    for row in left:
        alike = [score for mask, score in zip(masks, scores, strict=True) if np.array_equal(mask, masks[row])]
        assert scores[row] == max(alike)
