from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsam_annotate.api import BadInput
from semsam_annotate.training.config import AugmentConfig, config_from_json
from semsam_annotate.training.data import TrainingImage
from semsam_annotate.training.data.augment import Window, augment, random_window, warp
from semsam_annotate.training.data.colour import colour_matrix
from semsam_annotate.training.data.mirror import mirrored_name
from semsam_annotate.training.data.record import relink
from semsam_annotate.training.scenes import generate

seeds = st.integers(0, 2**31)
LSJ = AugmentConfig(scale=(0.1, 2.0), spread="uniform", stretch=0.0, focus=False, padding="grey", colour=0.0)
either = st.sampled_from([AugmentConfig(), LSJ])


def _painted(height, width, rng):
    """Four nested boxes and one apart, each mask painted into the image in a colour of its own."""
    image = np.zeros((height, width, 3), np.uint8)
    masks = np.zeros((3, height, width), bool)
    for index, share in enumerate((0.9, 0.6, 0.3)):
        y, x = int(height * (1 - share) / 2), int(width * (1 - share) / 2)
        masks[index, y : height - y, x : width - x] = True
        image[masks[index]] = rng.integers(60, 255, 3)
    return TrainingImage(image, masks, np.array([0, 1, 1], np.int8), ("a",) * 3, (None, "b", "c"), np.array([-1, 0, 1]))


@settings(max_examples=40, deadline=None)
@given(
    seed=seeds,
    height=st.integers(20, 150),
    width=st.integers(20, 150),
    size=st.sampled_from([32, 64, 128]),
    config=either,
)
def test_masks_stay_on_the_image(seed, height, width, size, config):
    rng = np.random.default_rng(seed)
    sample = _painted(height, width, rng)
    view = warp(sample, random_window(sample, size, rng, config), size, flip=bool(seed % 2))
    colours = [sample.image[sample.masks[i] & ~sample.masks[i + 1 :].any(axis=0)][0] for i in range(3)]
    for index in range(3):
        exact = view.masks[index] & ~view.masks[index + 1 :].any(axis=0)
        inner = _eroded(exact, 2 + 2 * size // min(height, width))
        if inner.any():
            assert np.abs(view.image[inner].astype(int) - colours[index]).max() <= 3


@settings(max_examples=25, deadline=None)
@given(seed=seeds, size=st.sampled_from([16, 64, 200]), config=either)
def test_parts_stay_inside_and_small_ones_go(seed, size, config):
    view = augment(generate(seed % 50, 96), size, np.random.default_rng(seed), config)
    assert view.image.shape == (size, size, 3)
    assert all(mask.sum() >= 12 for mask in view.masks)
    for child, parent in enumerate(view.parents):
        assert parent < 0 or not (view.masks[child] & ~view.masks[parent]).any()


@settings(max_examples=25, deadline=None)
@given(seed=seeds, config=either)
def test_a_parent_is_lost_only_when_it_vanished(seed, config):
    sample, size = generate(seed % 50, 96), 64
    rows = np.arange(len(sample)).astype(str)
    numbered = replace(sample, objects=tuple(rows))
    view = augment(numbered, size, np.random.default_rng(seed), config)
    kept = [int(name) for name in view.objects]
    for child, parent in zip(kept, view.parents, strict=True):
        above = sample.parents[child]
        while above >= 0 and above not in kept:
            above = sample.parents[above]
        assert above == (kept[parent] if parent >= 0 else -1)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, height=st.integers(5, 90), width=st.integers(5, 90), config=either)
def test_padding_holds_no_mask_and_boxes_stay_boxes(seed, height, width, config):
    rng = np.random.default_rng(seed)
    masks = np.ones((2, height, width), bool)
    masks[1, : int(rng.integers(1, height))] = False
    sample = TrainingImage(
        np.zeros((height, width, 3), np.uint8), masks, np.zeros(2, np.int8), ("a", "b"), (None, None),
        np.array([-1, 0]), boxed=np.array([False, True]), exhaustive=frozenset("a"),
    )  # fmt: skip
    window, flip = random_window(sample, 64, rng, config), bool(seed % 2)
    view = warp(sample, window, 64, flip, padding=128.0)
    assert np.array_equal(view.masks[0], (view.image == 0).all(axis=2))
    assert np.array_equal(~view.masks[0], (view.image == 128).all(axis=2))
    assert (view.box_only.tolist(), view.exhaustive) == ([False, True], sample.exhaustive)
    box = view.masks[1]
    assert np.array_equal(box, box.any(axis=1)[:, None] & box.any(axis=0)[None])


@settings(max_examples=40, deadline=None)
@given(seed=seeds, height=st.integers(8, 300), width=st.integers(8, 300))
def test_the_longer_side_is_scaled_within_the_range(seed, height, width):
    sample = _painted(height, width, np.random.default_rng(0))
    window = random_window(sample, 64, np.random.default_rng(seed), LSJ)
    assert 0.1 * 0.9 <= max(height, width) / max(window.width, window.height) <= 2.0 * 1.1


def test_pure():
    sample = generate(3, 96)
    views = [augment(sample, 64, np.random.default_rng(5)) for _ in range(2)]
    assert np.array_equal(views[0].image, views[1].image)
    assert np.array_equal(views[0].masks, views[1].masks)
    assert not np.array_equal(views[0].image, augment(sample, 64, np.random.default_rng(6)).image)


def test_settings_are_obeyed():
    sample = replace(generate(3, 64), parts=("left",) * len(generate(3, 64)))
    still = AugmentConfig(scale=(1.0, 1.0), stretch=0.0, flip=0.0, colour=0.0)
    for seed in range(5):
        view = augment(sample, 64, np.random.default_rng(seed), still)
        assert np.array_equal(view.image, sample.image)
        assert np.array_equal(view.masks, sample.masks)
        mirrored = augment(sample, 64, np.random.default_rng(seed), replace(still, flip=1.0))
        assert np.array_equal(mirrored.image, sample.image[:, ::-1])
        assert set(mirrored.parts) == {"right"}
        coloured = augment(sample, 64, np.random.default_rng(seed), replace(still, colour=1.0))
        assert not np.array_equal(coloured.image, sample.image)


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ({"scale": [2.0, 0.1]}, "augment.scale is the smallest"),
        ({"scale": ["a", "b"]}, "augment.scale is the smallest"),
        ({"scale": [0.0, 1.0]}, "augment.scale is the smallest"),
        ({"flips": 0.5}, "did you mean augment.flip"),
        ({"flip": 2.0}, "augment.flip is a share"),
        ({"colour": -1.0}, "augment.colour is 0"),
        ({"stretch": 1.0}, "augment.stretch is 0"),
        ({"spread": "flat"}, "augment.spread is 'log' or 'uniform'"),
    ],
)
def test_bad_settings_are_named(given_, told):
    with pytest.raises(BadInput, match=told):
        config_from_json({"data": {"scenes": 1.0}, "augment": given_})


def test_whole_window_is_the_identity_and_flip_mirrors():
    sample = _painted(64, 64, np.random.default_rng(0))
    whole = Window(0, 0, 64, 64)
    same, mirrored = warp(sample, whole, 64, flip=False), warp(sample, whole, 64, flip=True)
    assert np.array_equal(same.image, sample.image)
    assert np.array_equal(same.masks, sample.masks)
    assert np.array_equal(mirrored.masks, sample.masks[:, :, ::-1])


def test_both_memory_orders_agree():
    sample = generate(4, 80)
    by_column = TrainingImage(
        sample.image,
        np.ascontiguousarray(sample.masks.transpose(0, 2, 1)).transpose(0, 2, 1),
        sample.kinds,
        sample.objects,
        sample.parts,
        sample.parents,
    )
    window = Window(-7, 12, 60, 90)
    assert np.array_equal(warp(sample, window, 50, True).masks, warp(by_column, window, 50, True).masks)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 500), (700, 3)])
def test_odd_sizes_and_no_masks(height, width):
    image = np.full((height, width, 3), 90, np.uint8)
    for count in (0, 1):
        sample = TrainingImage(
            image,
            np.ones((count, height, width), bool),
            np.zeros(count, np.int8),
            ("a",) * count,
            (None,) * count,
            np.full(count, -1),
        )
        for seed in range(20):
            assert augment(sample, 32, np.random.default_rng(seed)).image.shape == (32, 32, 3)


@pytest.mark.parametrize(
    ("name", "mirrored"),
    [
        ("front_left_door", "front_right_door"),
        ("left_mirror", "right_mirror"),
        ("Right wing", "Left wing"),
        ("bright spot", "bright spot"),
        ("left-to-right", "right-to-left"),
        (None, None),
    ],
)
def test_left_becomes_right(name, mirrored):
    assert mirrored_name(name) == mirrored
    assert mirrored_name(mirrored) == name


def test_flipping_names_parts_only_when_flipped():
    sample = _painted(64, 64, np.random.default_rng(0))
    named = TrainingImage(
        sample.image, sample.masks, sample.kinds, sample.objects, (None, "left eye", "lid"), sample.parents
    )
    whole = Window(0, 0, 64, 64)
    assert warp(named, whole, 32, flip=True).parts == (None, "right eye", "lid")
    assert warp(named, whole, 32, flip=False).parts == named.parts


def test_grey_stays_grey():
    matrix = colour_matrix(1.3, 0.2)
    assert np.allclose(matrix @ np.full(3, 100.0), 100, atol=1e-3)
    assert np.allclose(np.ptp(colour_matrix(0.0, 0.1) @ np.array([10.0, 90.0, 200.0])), 0, atol=1e-3)


def test_relink_finds_the_nearest_kept_ancestor():
    parents, keep = np.array([-1, 0, 1, 2, -1]), np.array([True, False, False, True, True])
    assert relink(parents, keep).tolist() == [-1, 0, -1]
    assert relink(parents, ~keep).tolist() == [-1, 0]


def _eroded(mask, steps):
    from scipy.ndimage import binary_erosion

    return binary_erosion(mask, iterations=steps)
