from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from semsam_annotate.training.config import DataConfig, SetConfig
from semsam_annotate.training.data import TrainingImage
from semsam_annotate.training.data.paste import LARGEST, MOST, SEEN, paste
from semsam_annotate.training.sampler import Sampler
from semsam_annotate.training.scenes import generate

seeds = st.integers(0, 40)


def _numbered(sample, first):
    """The same with its row in every name, and an image painted from nothing but ``first``."""
    rows = tuple(str(first + row) for row in range(len(sample)))
    return replace(sample, objects=rows, image=np.full_like(sample.image, first))


@settings(max_examples=25, deadline=None)
@given(below=seeds, above=seeds, draw=seeds)
def test_objects_come_with_their_parts_and_hide_what_is_below(below, above, draw):
    sample, donor = _numbered(generate(below, 64), 0), _numbered(generate(above, 64), 200)
    result = paste(sample, donor, np.random.default_rng(draw))
    rows = np.array([int(name) for name in result.objects])
    pasted = rows >= 200
    taken = set((rows[pasted] - 200).tolist())
    region = result.masks[pasted].any(axis=0)
    assert np.array_equal(region, (result.image == 200).all(axis=2))
    assert np.array_equal(~region, (result.image == 0).all(axis=2))
    for index, row in enumerate(rows):
        source, first = (donor, 200) if row >= 200 else (sample, 0)
        hidden = np.zeros_like(region) if row >= 200 else region
        assert np.array_equal(result.masks[index], source.masks[row - first] & ~hidden)
        parent = result.parents[index]
        assert parent < 0 or pasted[parent] == pasted[index]
        assert parent < 0 or not (result.masks[index] & ~result.masks[parent]).any()
        if row >= 200:
            assert (rows[parent] - 200 if parent >= 0 else -1) == donor.parents[row - 200]
            assert set(np.flatnonzero(donor.parents == row - 200).tolist()) <= taken
    kept = set(rows[~pasted].tolist())
    assert all(row in kept or (mask & ~region).sum() < SEEN for row, mask in enumerate(sample.masks))
    roots = [mask for mask, parent, new in zip(result.masks, result.parents, pasted, strict=True) if new and parent < 0]
    assert len(roots) <= MOST
    assert all(mask.mean() <= LARGEST for mask in roots)


def _square(boxed=False, exhaustive=()):
    masks = np.zeros((1, 40, 40), bool)
    masks[0, 10:20, 10:20] = True
    return TrainingImage(
        np.zeros((40, 40, 3), np.uint8), masks, np.zeros(1, np.int8), ("a",), (None,), np.array([-1]),
        boxed=np.array([True]) if boxed else None, exhaustive=frozenset(exhaustive),
    )  # fmt: skip


def test_boxes_are_neither_pasted_nor_hidden():
    plain, boxed = _square(), _square(boxed=True)
    assert paste(boxed, plain, np.random.default_rng(0)) is boxed
    assert paste(plain, boxed, np.random.default_rng(0)) is plain


def test_the_result_claims_no_more_than_both():
    one, two = _square(exhaustive=("a", "b")), replace(_square(exhaustive=("b", "c")), complete=True)
    result = paste(one, two, np.random.default_rng(0))
    assert (result.exhaustive, result.complete) == ({"b"}, False)
    assert len(result) == 1


def test_nothing_to_paste_and_nothing_below():
    empty = _square().select(np.array([False]))
    assert paste(_square(), empty, np.random.default_rng(0)).objects == ("a",)
    assert paste(empty, _square(), np.random.default_rng(0)).objects == ("a",)


def test_the_sampler_pastes_its_share_between_sets_of_the_same_branches(tiny_run, pack_of):
    pack = str(pack_of("photos", "drawings"))
    alike = replace(tiny_run, data=DataConfig(packs=(pack,), scenes=0.5, paste=1.0))
    first, again = Sampler(alike).draw(3), Sampler(alike).draw(3)
    assert all(" + " in one.origin for one in first)
    assert [one.origin for one in first] == [one.origin for one in again]
    assert all(np.array_equal(a.sample.masks, b.sample.masks) for a, b in zip(first, again, strict=True))
    sets = {"photos": SetConfig(generic=False), "drawings": SetConfig()}
    apart = replace(alike, data=DataConfig(packs=(pack,), scenes=0.0, paste=1.0, sets=sets))
    for one in (question for step in range(4) for question in Sampler(apart).draw(step)):
        assert len({part.split("/")[0] for part in one.origin.split(" + ")}) == 1
