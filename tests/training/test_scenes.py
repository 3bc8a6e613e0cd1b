import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsam_annotate.api import BadInput
from semsam_annotate.training.data import OBJECT, PART, UNKNOWN
from semsam_annotate.training.scenes import FAMILIES, generate
from semsam_annotate.training.scenes.family import family_of
from semsam_annotate.training.scenes.node import Node
from semsam_annotate.training.scenes.photos import photo_background
from semsam_annotate.training.scenes.pose import random_pose
from semsam_annotate.training.scenes.raster import LIMIT, Canvas

families = st.sampled_from(sorted(FAMILIES))
seeds = st.integers(0, 2**31)


@settings(max_examples=10, deadline=None)
@given(seed=seeds, family=families)
def test_pure(seed, family):
    first, second = generate(seed, 96, family), generate(seed, 96, family)
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.masks, second.masks)
    assert (first.objects, first.parts) == (second.objects, second.parts)
    assert np.array_equal(first.parents, second.parents)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, family=families, size=st.sampled_from([64, 100, 256]))
def test_parts_lie_in_their_parents_and_roots_do_not_overlap(seed, family, size):
    scene = generate(seed, size, family)
    assert scene.image.shape == (size, size, 3)
    assert len(scene)
    for child, parent in enumerate(scene.parents):
        if parent >= 0:
            assert not (scene.masks[child] & ~scene.masks[parent]).any()
            assert scene.objects[child] == scene.objects[parent]
    for parent in {-1, *scene.parents.tolist()}:
        siblings = scene.masks[scene.parents == parent]
        assert siblings.sum(axis=0).max(initial=0) <= 1


@settings(max_examples=15, deadline=None)
@given(seed=seeds, family=families)
def test_names_tell_the_kind(seed, family):
    scene = generate(seed, 128, family)
    for kind, thing, part, parent in zip(scene.kinds, scene.objects, scene.parts, scene.parents, strict=True):
        assert kind in (OBJECT, PART, UNKNOWN)
        assert (part is None) or kind == PART
        assert (thing is not None) == (kind == OBJECT or part is not None)
        assert (kind != PART) or parent >= -1
        assert "" not in (thing, part)


def test_every_object_draws_and_has_named_parts():
    for family in FAMILIES:
        for make in family_of(family).makers:
            rng = np.random.default_rng(3)
            node = make(rng)
            canvas = Canvas(128)
            canvas.draw(node, random_pose(rng, 0.45, (0.5, 0.5)), layer=1)
            assert len(np.unique(canvas.seen())) > 2 or not node.name, make.__name__
            assert node.count() <= LIMIT
            assert all(child.name or not node.name for child in _all(node))


def test_scenes_are_those_of_always():
    """What a seed gives is part of every recorded run: masks exactly, colours but for the last bits of a JPEG."""
    recorded = json.loads((Path(__file__).parent / "recorded_scenes.json").read_text())
    for family, rows in recorded.items():
        for seed, row in enumerate(rows):
            scene = generate(seed, 128, family)
            assert scene.masks.sum((1, 2)).tolist() == row["areas"]
            assert scene.parents.tolist() == row["parents"]
            assert scene.image[::32, ::32].astype(int).ravel() == pytest.approx(row["pixels"], abs=2)


def test_photos_show_only_where_nothing_is_drawn():
    scenes = [generate(seed, 128, "base-on-photos") for seed in range(6)]
    assert not any(scene.complete for scene in scenes)
    bare = [scene.image[~scene.masks.any(axis=0)] for scene in scenes]
    assert np.median([pixels.std() for pixels in bare]) > 10
    assert not {"sky", "wall", "floor"} & {name for scene in scenes for name in scene.objects}


@settings(max_examples=15, deadline=None)
@given(seed=seeds, size=st.sampled_from([16, 100, 256]))
def test_a_background_is_a_pure_piece_of_a_photo(seed, size):
    first, second = (photo_background(np.random.default_rng(seed), size) for _ in range(2))
    assert np.array_equal(first, second)
    assert (first.shape, first.dtype) == ((size, size, 3), np.float32)
    assert 0 <= first.min() <= first.max() <= 255


def test_families_share_no_object():
    names = {
        family: {make(np.random.default_rng(seed)).name for make in family_of(family).makers for seed in range(5)}
        for family in FAMILIES
    }
    assert not names["base"] & (names["held-out"] | names["few"])


def test_scenes_are_rich():
    scenes = [generate(seed) for seed in range(12)]
    counts = [len(scene) for scene in scenes]
    assert 10 <= np.median(counts) <= 60
    assert all(np.std(scene.image) > 3 for scene in scenes)
    assert any((scene.parents[scene.parents[scene.parents >= 0]] >= 0).any() for scene in scenes)
    assert len({name for scene in scenes for name in scene.objects}) > 15


@pytest.mark.parametrize("size", [16, 17, 64, 512])
def test_sizes(size):
    assert generate(1, size).masks.shape[1:] == (size, size)


def test_bounds_of_masks_are_bounds_in_the_picture():
    def jump(scene):
        grey = scene.image.astype(float).mean(axis=2)
        step = np.abs(np.diff(grey, axis=1))
        edge = (scene.masks[:, :, 1:] != scene.masks[:, :, :-1]).any(axis=0)
        return step[edge].mean() / max(step[~edge].mean(), 1e-6)

    assert np.median([jump(generate(seed, 128)) for seed in range(12)]) > 1.5


def test_bad_input_is_named():
    with pytest.raises(BadInput, match="family"):
        generate(0, 64, "nonsense")
    with pytest.raises(BadInput, match="at least 16"):
        generate(0, 4)


@pytest.mark.stress
def test_many_scenes():
    for seed in range(500):
        for family in FAMILIES:
            scene = generate(seed, 256, family)
            assert len(scene) >= 1


def _all(node: Node) -> list[Node]:
    return [node, *(deeper for child in node.children for deeper in _all(child))]
