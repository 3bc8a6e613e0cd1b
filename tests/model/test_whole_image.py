"""The search through one image: where it clicks, what it keeps, what it tells on the way."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.api import AutoSettings, BadInput, Cancelled, CancelToken, Found, Proposal, Tree, Vocabulary
from semsam_annotate.api.automatic import standing
from semsam_annotate.api.runs import Runs
from semsam_annotate.model.engine.auto.clicks import grid, rounds, wanted
from semsam_annotate.model.engine.auto.pool import Member, Pool
from semsam_annotate.model.engine.ladder import distinct
from semsam_annotate.model.engine.rendering import MaskRegion
from semsam_annotate.model.engine.stability import stability

WORDS = Vocabulary(["car", "boat"], ["wheel"])
EVERYTHING = AutoSettings(quality=0, stability=0, smallest=1)


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


def proposal_of(name, mask):
    return Proposal(id=name, model="m", score=0.5, stability=1.0, level=1, box=MaskRegion.of(mask).box, mask=mask)


@given(boxes=rectangles(12), same=st.floats(0.1, 0.95), most=st.integers(1, 12), data=st.data())
def test_the_pool_keeps_the_best_of_what_resembles(boxes, same, most, data):
    masks = masks_of(boxes)
    quality = data.draw(st.permutations(np.linspace(0, 1, len(boxes)).tolist()))
    pool, found = Pool(same, most), []
    for number, mask in enumerate(masks):
        rows = pool.offer(torch.from_numpy(mask), quality[number])
        if rows is not None:
            proposal = proposal_of(str(number), mask)
            member = Member(torch.from_numpy(mask), quality[number], proposal, Runs.of(mask))
            found.append(Found(proposal, pool.accept(member, rows)))
    kept = [int(member.proposal.id) for member in pool.members]
    assert [proposal.id for proposal in standing(found)] == [str(row) for row in kept]
    assert 1 <= len(kept) <= most
    assert int(np.argmax(quality)) in kept
    assert all(iou(masks[a], masks[b]) <= same + 1e-6 for a in kept for b in kept if a < b)


@given(height=st.integers(1, 3000), width=st.integers(1, 3000), side=st.integers(1, 24))
def test_clicks_are_inside_square_and_bounded(height, width, side):
    clicks = grid(height, width, side)
    assert 1 <= len(clicks) <= side * side
    assert (clicks >= -0.5).all()
    assert (clicks < [width - 0.5, height - 0.5]).all()
    if min(height, width) * side >= 4 * max(height, width):
        x, y = np.unique(clicks[:, 0]), np.unique(clicks[:, 1])
        assert 0.7 <= (width / len(x)) / (height / len(y)) <= 1.4


def test_rounds_get_denser():
    assert rounds(16) == (4, 8, 16)
    assert rounds(1) == (1,)
    assert rounds(3) == (1, 3)


def test_more_clicks_where_nothing_was_found_or_things_are_small():
    clicks = grid(96, 96, 16)
    half = np.zeros((1, 96, 96), bool)
    half[0, 10:50, 10:50] = True  # a mask of middle size: nothing more to ask inside it
    chosen = wanted(clicks, (96, 96), half, 8)
    inside = (clicks >= 10).all(1) & (clicks < 50).all(1)
    assert {tuple(click) for click in chosen} == {tuple(click) for click in clicks[~inside]}
    small = np.concatenate([half, np.zeros((1, 96, 96), bool)])
    small[1, 20:24, 20:24] = True
    more = {tuple(click) for click in wanted(clicks, (96, 96), small, 8)} - {tuple(click) for click in chosen}
    assert more
    assert all(10 <= x <= 34 and 10 <= y <= 34 for x, y in more)
    assert np.array_equal(wanted(clicks, (96, 96), np.ones((1, 96, 96), bool), 8), clicks)  # the ground is no answer
    assert np.array_equal(wanted(clicks, (96, 96), np.zeros((0, 1, 1), bool), 8), clicks)


@given(boxes=rectangles(6), data=st.data())
def test_rungs_differ(boxes, data):
    masks = list(masks_of(boxes))
    scores = data.draw(st.lists(st.floats(0, 1), min_size=len(masks), max_size=len(masks)))
    kept = distinct([MaskRegion.of(mask) for mask in masks], scores)
    assert scores[kept[0]] == max(scores)
    for place, row in enumerate(kept):
        assert all(iou(masks[row], masks[other]) <= 0.95 for other in kept[:place])
    for row in set(range(len(masks))) - set(kept):
        assert any(iou(masks[row], masks[other]) > 0.95 and scores[other] >= scores[row] for other in kept)


@given(boxes=rectangles(1))
def test_boxes_are_tight(boxes):
    (mask,) = masks_of(boxes)
    x0, y0, x1, y1 = (int(edge) for edge in MaskRegion.of(mask).box)
    assert mask[y0:y1, x0:x1].any(0).all()
    assert mask[y0:y1, x0:x1].any(1).all()
    assert mask.sum() == mask[y0:y1, x0:x1].sum()
    assert MaskRegion.of(np.zeros((3, 3), bool)).box == (0, 0, 0, 0)


def test_stability_is_a_share():
    logits = torch.tensor([[[9.0, 9.0], [0.0, -9.0]], [[9.0] * 2] * 2, [[-9.0] * 2] * 2])
    np.testing.assert_allclose(stability(logits), [2 / 3, 1, 0], rtol=1e-6)


@pytest.mark.parametrize("settings", [AutoSettings(), EVERYTHING, replace(EVERYTHING, most=3)])
def test_auto_of_a_random_network(engine_of, photo, settings):
    engine = engine_of()
    tree = engine.auto(engine.encode(photo), WORDS, settings)
    assert 1 <= len(tree) <= settings.most
    for node in tree:
        mask = node.proposal.mask
        assert mask.shape == (60, 80)
        assert mask.any()
        assert len(node.proposal.object_labels) == 2
        if node.parent is not None:
            assert node.parent.proposal.area >= node.proposal.area
            assert (node.parent.proposal.mask & mask).sum() >= settings.inside * mask.sum()
        siblings = tree.roots if node.parent is None else node.parent.children
        for other in siblings:
            joint = (other.proposal.mask & mask).sum()
            assert other is node or joint <= settings.sibling_overlap * min(other.proposal.area, node.proposal.area)
    assert Tree.from_json(tree.to_json()).to_json() == tree.to_json()


@pytest.mark.parametrize("levels", [(1,), (2, 5), (6, 4, 4)])
def test_levels_can_be_chosen(engine_of, photo, levels):
    engine = engine_of()
    for settings in (replace(EVERYTHING, levels=levels), AutoSettings(quality=1, levels=levels)):
        tree = engine.auto(engine.encode(photo), WORDS, settings)
        assert {node.proposal.level for node in tree} <= set(levels)
        assert len(tree) >= 1


def test_the_stream_ends_with_the_masks_of_the_tree(engine_of, photo):
    engine = engine_of()
    handle = engine.encode(photo)
    settings = replace(EVERYTHING, sibling_overlap=1.0)
    reports = []
    found = list(engine.auto_stream(handle, WORDS, settings, lambda done, total: reports.append((done, total))))
    assert all(Found.from_json(item.to_json()) == item for item in found[:3])
    left = sorted(proposal.rle["counts"] for proposal in standing(found))
    tree = engine.auto(handle, WORDS, settings)
    assert left == sorted(node.proposal.rle["counts"] for node in tree)
    assert reports == sorted(reports, key=lambda report: report[0])
    assert all(done <= total for done, total in reports)
    assert reports[-1][0] == reports[-1][1] <= settings.most_clicks


def test_the_first_masks_come_before_the_last_clicks(engine_of, photo):
    engine = engine_of()
    reports = []
    stream = engine.auto_stream(engine.encode(photo), WORDS, EVERYTHING, lambda done, total: reports.append(done))
    assert next(stream).proposal.mask.any()
    assert not reports


def test_cancel_ends_the_search(engine_of, photo):
    engine = engine_of()
    handle, token = engine.encode(photo), CancelToken()
    with pytest.raises(Cancelled):
        engine.auto(handle, WORDS, EVERYTHING, lambda done, total: token.cancel(), token)
    with pytest.raises(Cancelled):
        engine.encode(photo[:30], cancel=token)
    assert len(engine.auto(handle, WORDS)) >= 1


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"side": 0}, "side"),
        ({"most_clicks": 1.5}, "most_clicks"),
        ({"quality": 2}, "quality"),
        ({"same": "a"}, "same"),
        ({"levels": []}, "levels"),
        ({"levels": [7]}, "levels"),
        ({"levels": 3}, "levels"),
        ({"sides": 3}, "sides"),
        ([], "object"),
    ],
)
def test_wrong_settings_are_named(wrong, named):
    with pytest.raises(BadInput, match=named):
        AutoSettings.from_json(wrong)


def test_settings_round_trip():
    settings = AutoSettings(side=5, levels=(3, 1), quality=0.25)
    assert AutoSettings.from_json(settings.to_json()) == settings
    assert AutoSettings.from_json({}) == AutoSettings()
