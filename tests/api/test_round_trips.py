"""What travels comes back the same through JSON, and what is damaged is refused with one line."""

import json
from contextlib import nullcontext, suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from semsam_annotate.api import (
    BadInput,
    EngineInfo,
    Ladder,
    Prompt,
    Proposal,
    Tree,
    TreeNode,
    Vocabulary,
    decode_rle,
    encode_rle,
    rle_area,
    rle_iou,
)
from semsam_annotate.api.rle import checked_rle, run_lengths

MASKS = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=20), elements=st.booleans())
FINITE = st.floats(-1e6, 1e6)
SHARES = st.floats(0, 1)
COUNTS = st.dictionaries(st.text(max_size=5), st.integers(1, 64), max_size=3)
LABELS = st.lists(st.tuples(st.text(), SHARES), max_size=4)
NAMES = st.lists(st.text().map(str.strip).filter(bool), unique=True, max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
EDGES = st.tuples(FINITE, FINITE, st.floats(0.1, 1e6), st.floats(0.1, 1e6)).map(
    lambda box: (box[0], box[1], box[0] + box[2], box[1] + box[3])
)


def through_json(value):
    return json.loads(json.dumps(value))


@st.composite
def proposals(draw):
    mask = draw(MASKS)
    return Proposal(
        id=draw(st.uuids().map(str)),
        model=draw(st.text()),
        score=draw(SHARES),
        stability=draw(SHARES),
        level=draw(st.integers(1, 6)),
        box=draw(st.tuples(FINITE, FINITE, FINITE, FINITE)),
        mask=mask,
        part_probability=draw(SHARES),
        object_labels=draw(LABELS),
        part_labels=draw(LABELS),
        alike=draw(st.tuples(COUNTS, COUNTS)),
    )


@given(mask=MASKS)
def test_masks(mask):
    rle = through_json(encode_rle(mask))
    np.testing.assert_array_equal(decode_rle(rle), mask)
    assert rle_area(rle) == mask.sum()
    assert rle_iou(rle, rle) == 1.0
    uncompressed = {"size": list(mask.shape), "counts": run_lengths(rle["counts"].encode()).tolist()}
    assert sum(uncompressed["counts"]) == mask.size
    assert checked_rle(uncompressed) == checked_rle({**rle, "counts": rle["counts"].encode()}) == rle


@given(first=MASKS, data=st.data())
def test_overlap(first, data):
    second = data.draw(hnp.arrays(bool, first.shape, elements=st.booleans()))
    union = (first | second).sum()
    wanted = (first & second).sum() / union if union else 1.0
    assert rle_iou(encode_rle(first), encode_rle(second)) == pytest.approx(wanted)


@given(mask=MASKS, data=st.data())
def test_damaged_masks_are_refused_or_are_masks(mask, data):
    rle = encode_rle(mask)
    counts = list(rle["counts"])
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(counts)))
        counts[place : place + 1] = data.draw(st.text(max_size=2))
    damaged = {"size": rle["size"], "counts": "".join(counts)}
    try:
        assert decode_rle(damaged).shape == mask.shape
    except BadInput:
        return
    assert rle_area(damaged) <= mask.size


@pytest.mark.parametrize(
    "rle",
    [
        {},
        {"size": [2, 2]},
        {"size": [2], "counts": "04"},
        {"size": "ab", "counts": "04"},
        {"size": [0, 4], "counts": ""},
        {"size": [-2, -2], "counts": "4"},
        {"size": [2, 2], "counts": ""},
        {"size": [2, 2], "counts": "5"},
        {"size": [2, 2], "counts": "ü"},
        *({"size": [2, 2], "counts": text} for text in ("o", "4o", "0\x7f", "PPPPPPPPPPPPP4", "1N2N")),
        {"size": [2, 2], "counts": None},
        {"size": [2, 2], "counts": 4},
        {"size": [2, 2], "counts": [4, -1, 1]},
        {"size": [2, 2], "counts": [2, 1]},
        {"size": [2, 2], "counts": ["a"]},
        {"size": [10**6, 10**6], "counts": [10**12]},
        {"size": [float("inf"), 2], "counts": [1]},
    ],
)
def test_foreign_masks(rle):
    with pytest.raises(BadInput):
        decode_rle(rle)


def test_masks_have_two_axes():
    with pytest.raises(BadInput, match="two axes"):
        encode_rle(np.zeros((2, 2, 3), bool))


@given(points=st.lists(st.tuples(FINITE, FINITE, st.integers(0, 1)), max_size=5), box=st.none() | EDGES)
def test_prompts(points, box):
    labels = [label for *_, label in points]
    if box is None and 1 not in labels:
        with pytest.raises(BadInput, match="at least one positive point or a box"):
            Prompt([point[:2] for point in points], labels)
        return
    prompt = Prompt([point[:2] for point in points], labels, box)
    assert Prompt.from_json(through_json(prompt.to_json())) == prompt


@pytest.mark.parametrize("kind", [Prompt, Vocabulary, Proposal, Ladder, Tree])
@given(value=JSON)
def test_any_json_is_refused_or_read(kind, value):
    with suppress(BadInput):
        kind.from_json(value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"points": [[1, 2]], "labels": [1, 1]}, "one label per point"),
        ({"points": [[1, 2]], "labels": [0.5]}, "point labels are 1"),
        ({"points": [[1, 2]], "labels": ["a"]}, "point labels are 1"),
        ({"points": [[1, 2, 3]]}, "two numbers"),
        ({"points": [[1, float("nan")]]}, "finite"),
        ({"points": 5}, "lists"),
        ({"box": [0, 0, 0, 9]}, "x0 < x1"),
        ({"box": [0, 0, 9]}, "four numbers"),
        ([], "JSON object"),
    ],
)
def test_bad_prompts(value, message):
    with pytest.raises(BadInput, match=message):
        Prompt.from_json(value)


@given(width=st.integers(1, 50), height=st.integers(1, 50), x=st.floats(-2, 52), y=st.floats(-2, 52))
def test_inside_is_half_a_pixel_around_the_centres(width, height, x, y):
    inside = -0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5
    with nullcontext() if inside else pytest.raises(BadInput, match=f"{width}x{height}"):
        Prompt([(x, y)]).check_inside(height, width)


@given(objects=NAMES, parts=NAMES, known=st.none() | NAMES)
def test_vocabularies(objects, parts, known):
    words = Vocabulary(objects, parts, known)
    assert Vocabulary.from_json(through_json(words.to_json())) == words
    assert bool(words) == bool(objects or parts)


@pytest.mark.parametrize("objects", ["car", ["car", "car "], [""], ["  "], [None], 5, [["car"]]])
def test_bad_vocabularies(objects):
    with pytest.raises(BadInput):
        Vocabulary(objects)


@given(proposal=proposals())
def test_proposals(proposal):
    back = Proposal.from_json(through_json(proposal.to_json()))
    assert back == proposal
    np.testing.assert_array_equal(back.mask, proposal.mask)
    assert back.area == proposal.area


@given(rungs=st.lists(proposals(), min_size=1, max_size=6))
def test_ladders(rungs):
    ladder = Ladder(rungs)
    assert [rung.area for rung in ladder] == sorted(rung.area for rung in rungs)
    assert ladder.best.score == max(rung.score for rung in rungs)
    assert Ladder.from_json(plain := through_json(ladder.to_json())) == Ladder.kept(plain) == ladder


@pytest.mark.parametrize("count", [0, 7])
def test_ladders_have_one_to_six_rungs(count):
    rung = Proposal(id="a", model="m", score=1, stability=1, level=1, box=(0, 0, 1, 1), mask=np.ones((1, 1), bool))
    with pytest.raises(BadInput, match="one to six"):
        Ladder([rung] * count)


@given(rungs=st.lists(proposals(), min_size=1, max_size=6), data=st.data())
def test_trees(rungs, data):
    nodes: list[TreeNode] = []
    for rung in rungs:
        nodes.append(TreeNode(rung, data.draw(st.sampled_from([None, *nodes]))))
    tree = Tree([node for node in nodes if node.parent is None])
    assert len(tree) == len(rungs)
    back = Tree.from_json(through_json(tree.to_json()))
    assert back.to_json() == tree.to_json()
    assert len(back) == len(tree)


@pytest.mark.parametrize("parent", [0, 5, -1, "a"])
def test_parents_come_first(parent):
    rung = Proposal(id="a", model="m", score=1, stability=1, level=1, box=(0, 0, 1, 1), mask=np.ones((1, 1), bool))
    with pytest.raises(BadInput):
        Tree.from_json([{"proposal": rung.to_json(), "parent": parent}])


def test_masks_are_made_when_they_are_asked_for():
    made = []

    def make():
        made.append(1)
        return np.ones((2, 3), bool)

    rung = Proposal(id="a", model="m", score=1, stability=1, level=1, box=(0, 0, 3, 2), make_mask=make)
    assert not made
    assert rung.area == 6
    assert rung.mask.all()
    assert rung.rle["size"] == [2, 3]
    assert len(made) == 1
    with pytest.raises(BadInput, match="needs a mask"):
        Proposal(id="a", model="m", score=1, stability=1, level=1, box=(0, 0, 3, 2))


def test_engine_info():
    info = EngineInfo("semsam-tiny", "abc", "cpu", 7, ("points", "box"))
    assert EngineInfo.from_json(through_json(info.to_json())) == info
