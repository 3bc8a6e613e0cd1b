"""The published automatic masks: five recorded settings, and the suppression of boxes on its own."""

import json

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from semsam_annotate.api import BadInput
from semsam_annotate.model.checkpoints.published import LEVELS
from semsam_annotate.model.published import AutomaticSettings, EncodedInput, generate
from semsam_annotate.model.published.automatic import click_grid, suppress_boxes

PIXELS, IOUS = 0.0005, 1e-4


@pytest.fixture(scope="module")
def recorded(reference):
    return json.loads((reference / "c8_amg_raw.json").read_text())


@pytest.fixture(scope="module")
def encoded(recorded, network_of, pictures_rule):
    made = recorded["image"]
    image = pictures_rule.picture(made["h"], made["w"], made["seed"])
    return EncodedInput.of(network_of("swin-t"), torch.from_numpy(image).permute(2, 0, 1))


@pytest.mark.parametrize("number", range(5))
def test_recorded_settings(number, recorded, encoded, measured):
    result, name = recorded["results"][number], f"c8_amg_raw {number}"
    found = generate(encoded, LEVELS, AutomaticSettings(**result["config"]))
    wanted = result["anns"]
    assert len(found) == result["n"]
    assert [list(mask.bbox) for mask in found] == [ann["bbox"] for ann in wanted]
    assert [list(mask.crop_box) for mask in found] == [ann["crop_box"] for ann in wanted]
    measured.close(name, "predicted IoU", [mask.predicted_iou for mask in found], column(wanted, "predicted_iou"), IOUS)
    measured.close(name, "clicks", [[mask.point_coords] for mask in found], column(wanted, "point_coords"), 1e-6)
    measured.close(name, "stability", [mask.stability_score for mask in found], column(wanted, "stability_score"), 1e-3)
    masks = [mask.segmentation for mask in found]
    measured.same_masks(name, "mask pixels", masks, [unrolled(ann["rle_counts"]) for ann in wanted], PIXELS)
    measured.close(name, "areas, pixels", [mask.area for mask in found], column(wanted, "area"), PIXELS * 96 * 128)


def column(anns, key):
    return [ann[key] for ann in anns]


def unrolled(counts, size=(96, 128)):
    """Runs down the columns, the first one of zeros."""
    flat = np.repeat(np.arange(len(counts)) % 2, counts)
    return flat.reshape(size[::-1]).T.astype(bool)


def test_thresholds_of_zero_filter_nothing(encoded):
    settings = {"points_per_side": 1, "pred_iou_thresh": 0, "stability_score_thresh": 0, "min_mask_region_area": 0}
    found = generate(encoded, LEVELS, AutomaticSettings(**settings, box_nms_thresh=1.0))
    assert len(found) == 6
    assert generate(encoded, LEVELS, AutomaticSettings(pred_iou_thresh=2.0, points_per_side=1)) == []


def test_levels(encoded):
    every = {"points_per_side": 1, "pred_iou_thresh": 0, "stability_score_thresh": 0, "box_nms_thresh": 1.0}
    ious = [generate(encoded, LEVELS, AutomaticSettings(level=(level,), **every))[0].predicted_iou for level in LEVELS]
    together = generate(encoded, LEVELS, AutomaticSettings(**every, min_mask_region_area=0))
    assert sorted(ious, reverse=True) == pytest.approx([mask.predicted_iou for mask in together], abs=1e-6)
    with pytest.raises(BadInput, match="no level 7"):
        generate(encoded, LEVELS, AutomaticSettings(level=(1, 7)))
    with pytest.raises(BadInput, match="at least 1"):
        AutomaticSettings(points_per_side=0)


def test_the_grid_is_symmetric():
    grid = click_grid(5)
    assert grid.shape == (25, 4)
    assert grid[0, :2].tolist() == pytest.approx([0.1, 0.1])
    assert grid[1, :2].tolist() == pytest.approx([0.3, 0.1])
    torch.testing.assert_close(grid[:, :2].flip(0), 1 - grid[:, :2])


def boxes(count):
    side = st.integers(0, 8)
    one = st.tuples(side, side, st.integers(1, 8), st.integers(1, 8))
    return st.lists(one, min_size=1, max_size=count).map(
        lambda rows: torch.tensor([(x, y, x + w, y + h) for x, y, w, h in rows], dtype=torch.float32)
    )


def overlap(a, b):
    joint = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0).prod()
    return joint / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - joint)


@given(places=boxes(10), threshold=st.floats(0.1, 0.95), data=st.data())
def test_suppression_keeps_the_best_of_what_overlaps(places, threshold, data):
    scores = torch.tensor(data.draw(st.permutations(np.linspace(0, 1, len(places)).tolist())))
    kept = suppress_boxes(places, scores, threshold).tolist()
    assert [scores[row] for row in kept] == sorted((scores[row] for row in kept), reverse=True)
    pairs = [overlap(one.numpy(), other.numpy()) for one in places for other in places]
    assume(all(abs(shared - threshold) > 1e-6 for shared in pairs))  # boxes are compared in single precision
    for row in range(len(places)):
        better = [other for other in kept if scores[other] > scores[row]]
        pushed = [other for other in better if overlap(places[row].numpy(), places[other].numpy()) > threshold]
        assert (row in kept) == (not pushed)


@given(places=boxes(10), threshold=st.floats(0.1, 0.95))
def test_suppression_does_not_depend_on_the_order(places, threshold):
    scores = torch.linspace(0, 1, len(places))
    turn = torch.randperm(len(places), generator=torch.Generator().manual_seed(0))
    kept, again = suppress_boxes(places, scores, threshold), suppress_boxes(places[turn], scores[turn], threshold)
    assert turn[again].tolist() == kept.tolist()


def test_suppression_at_its_ends():
    assert suppress_boxes(torch.zeros(0, 4), torch.zeros(0), 0.7).tolist() == []
    assert suppress_boxes(torch.tensor([[0.0, 0, 2, 2]]), torch.zeros(1), 0.0).tolist() == [0]
    same = torch.tensor([[1.0, 1, 5, 5]]).expand(4, -1)
    assert suppress_boxes(same, torch.tensor([0.1, 0.9, 0.2, 0.9]), 0.7).tolist() == [1]  # the first of equals
    assert len(suppress_boxes(same, torch.rand(4), 1.0)) == 4  # nothing overlaps by more than all
