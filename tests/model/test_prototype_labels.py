"""Names from the memory: an accept changes the next suggestion, forgetting takes it back, the vocabulary bounds it."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.api import BadInput, CancelToken, NamedMask, Prompt, Vocabulary, encode_rle
from semsam_annotate.model.engine.labels import blend, consistent
from semsam_annotate.model.engine.mask_vectors import place_in
from semsam_annotate.model.innermost import innermost

CLICK = Prompt([(44, 30)])
WORDS = Vocabulary(["boat", "cat"], ["mast", "hull", "keel"])


def said(engine, handle, words=WORDS, prompt=CLICK):
    return [(p.object_labels, p.part_labels) for p in engine.propose(handle, prompt, words)]


def disc(radius=8):
    rows, columns = np.mgrid[:60, :80]
    return np.hypot(rows - 30, columns - 44) < radius


def check(labels, names):
    assert sorted(name for name, _ in labels) == sorted(names)
    shares = [share for _, share in labels]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1 + 1e-6
    assert min(shares) >= 0


def test_one_accept_names_the_same_mask(engine_of, photo):
    engine = engine_of()
    handle = engine.encode(photo)
    before = said(engine, handle)
    proposal = engine.propose(handle, CLICK, WORDS)[0]
    engine.remember(handle, proposal, object="boat", part="mast", id="r1")
    after = engine.propose(handle, CLICK, WORDS)
    for rung in after:
        check(rung.object_labels, WORDS.objects)
        check(rung.part_labels, WORDS.parts)
    assert after[0].alike == ({"boat": 1}, {"mast": 1})
    best = dict(after[0].part_labels)
    assert after[0].part_labels[0][0] == "mast"
    assert after[0].object_labels[0][0] == "boat"
    assert best["mast"] > dict(before[0][1])["mast"]
    engine.forget(["r1", "unknown"])
    assert said(engine, handle) == before
    assert not any(engine.propose(handle, CLICK, WORDS)[0].alike)


def test_names_outside_the_vocabulary_do_not_come_up(engine_of, photo):
    engine = engine_of()
    handle = engine.encode(photo)
    before = said(engine, handle)
    engine.remember(handle, disc(), object="ship", part="anchor", id="r1")
    assert said(engine, handle) == before
    assert engine.propose(handle, CLICK)[0].part_labels == []


def test_a_project_remembers_over_engines_and_models(engine_of, photo, tmp_path):
    first = engine_of(prototypes_folder=tmp_path)
    handle = first.encode(photo)
    first.remember(handle, disc(), "boat", "mast", id="r1")
    told = said(first, handle)
    first.close()
    second = engine_of(prototypes_folder=tmp_path)
    again = second.encode(photo)
    assert [[name for name, _ in side] for pair in said(second, again) for side in pair] == [
        [name for name, _ in side] for pair in told for side in pair
    ]
    other = engine_of(1, prototypes_folder=tmp_path)
    fresh = engine_of(1)
    assert said(other, other.encode(photo)) == said(fresh, fresh.encode(photo))  # another model's vectors: not asked
    second.forget(["r1"])
    plain = engine_of()
    assert said(second, again) == said(plain, plain.encode(photo))


@pytest.mark.parametrize("mask", [np.zeros((60, 80), bool), np.ones((60, 81), bool), np.ones((60, 80), np.uint8)])
def test_masks_that_are_none_are_refused(engine_of, photo, mask):
    engine = engine_of()
    with pytest.raises(BadInput):
        engine.remember(engine.encode(photo), mask, "boat", id="r1")


def test_vectors_of_a_mask_do_not_depend_on_the_others(engine_of, photo):
    engine = engine_of()
    handle = engine.encode(photo)
    masks = [disc(20), disc(8), ~disc(20)]
    together = engine._vectors(handle, masks).values
    for row, mask in enumerate(masks):
        np.testing.assert_allclose(engine._vectors(handle, [mask]).values[0], together[row], atol=1e-4)


def records(photo, names):
    return [
        NamedMask(f"r{i}", "photo", lambda: photo, partial(encode_rle, disc(6 + 4 * i)), "boat", name)
        for i, name in enumerate(names)
    ]


def test_refresh_is_what_accepting_one_by_one_gives(engine_of, photo):
    slow, quick = engine_of(), engine_of()
    handle = slow.encode(photo)
    for record, radius in zip(records(photo, ["mast", "hull", "keel"]), (6, 10, 14), strict=True):
        slow.remember(handle, disc(radius), record.object, record.part, id=record.id)
    steps = []
    done = quick.refresh(lambda: records(photo, ["mast", "hull", "keel"]), lambda *step: steps.append(step))
    assert (done.made, done.forgotten, done.failed, done.cancelled) == (3, 0, {}, False)
    assert steps == [(3, 3)]
    for one, other in zip(said(slow, handle), said(quick, quick.encode(photo)), strict=True):
        assert dict(one[1]) == pytest.approx(dict(other[1]), abs=1e-2)
    assert quick.refresh(lambda: records(photo, ["mast", "hull", "keel"])).made == 0
    renamed = quick.refresh(lambda: records(photo, ["mast", "deck"]))
    assert (renamed.made, renamed.forgotten) == (1, 1)


def test_refresh_goes_on_where_it_was_cancelled_and_names_what_fails(engine_of, photo, tmp_path):
    engine = engine_of(prototypes_folder=tmp_path)

    def gone():
        raise BadInput("the image is gone")

    def listed():
        two = [
            NamedMask(f"p{i}", f"photo{i}", lambda: photo, lambda: encode_rle(disc()), None, "mast") for i in range(3)
        ]
        return [*two, NamedMask("lost", "photo9", gone, lambda: encode_rle(disc()), None, "mast")]

    def turn(image):
        token = CancelToken()
        if image == "photo1":
            token.cancel()
        return token

    first = engine.refresh(listed, turn=turn)
    assert (first.made, first.cancelled) == (1, True)
    second = engine.refresh(listed)
    assert (second.made, second.cancelled) == (2, False)
    assert second.failed == {"lost": "the image is gone"}


names = st.sampled_from("abcd")
some = st.dictionaries(names, st.floats(0, 50, allow_nan=False))


@given(votes=some, text=st.lists(st.floats(0, 0.25), min_size=4, max_size=4), trained=st.booleans())
def test_a_blend_is_a_probability_between_both(votes, text, trained):
    words = dict(zip("abcd", text, strict=True)) if trained else {}
    mixed = blend(words, votes, "abcd")
    assert sum(mixed.values()) <= 1 + 1e-9
    if not any(votes.values()):
        assert mixed == pytest.approx(words)
        return
    total = sum(votes.values())
    for name, share in mixed.items():
        low, high = sorted((votes.get(name, 0.0) / total, words.get(name, 0.0)))
        assert low - 1e-9 <= share <= high + 1e-9


@given(
    parts=st.lists(st.floats(0, 0.25), min_size=4, max_size=4),
    objects=st.lists(st.floats(0, 0.5), min_size=2, max_size=2),
)
def test_parts_follow_their_objects(parts, objects):
    shares, things = dict(zip("abcd", parts, strict=True)), dict(zip(["car", "bus"], objects, strict=True))
    words = Vocabulary(["car", "bus"], list("abcd"), owners={"a": ["car"], "b": ["bus"], "c": ["car", "bus"]})
    found = consistent(shares, things, words)
    assert found.keys() == shares.keys()
    assert sum(found.values()) <= 1 + 1e-9
    if things["car"] > things["bus"] and shares["a"] == shares["b"]:
        assert found["a"] >= found["b"]
    if shares["c"] and things["car"] + things["bus"] >= 1e-3:
        assert found["d"] * shares["c"] == pytest.approx(found["c"] * shares["d"], abs=1e-6)  # both fit any object here
    assert consistent(shares, things, Vocabulary(["car", "bus"], list("abcd"))) == shares


def test_a_vocabulary_with_owners_round_trips():
    words = Vocabulary(["car", "bus"], ["wheel", "door"], ["car"], {"wheel": ["car", "bus"]})
    assert Vocabulary.from_json(words.to_json()) == words
    assert words.owners_of("wheel") == ("car", "bus")
    assert words.owners_of("door") == ()
    assert hash(words.with_known(["bus"])) != hash(words)
    for owners in ({"roof": ["car"]}, {"wheel": "car"}, ["wheel"]):
        with pytest.raises(BadInput):
            Vocabulary(["car"], ["wheel"], owners=owners)


@given(st.integers(0, 50), st.integers(0, 30))
def test_a_place_is_relative(down, right):
    """Moving the mask with what is around it changes nothing; mirroring turns its side and its tilt."""
    scene = np.zeros((100, 80), np.float32)
    inner = scene.copy()
    scene[10:40, 5:45], inner[12:20, 8:14], inner[15:20, 8:22] = 1, 1, 1
    moved = [np.roll(mask, (down, right), (0, 1)) for mask in (inner, scene)]
    at = place_in(*(torch.from_numpy(mask)[None] for mask in (inner, scene)))[0]
    np.testing.assert_allclose(place_in(*(torch.from_numpy(mask)[None] for mask in moved))[0], at, atol=2e-2)
    mirrored = place_in(*(torch.from_numpy(mask[:, ::-1].copy())[None] for mask in (inner, scene)))[0]
    np.testing.assert_allclose(mirrored, at * torch.tensor([-1, 1, 1, 1, -1]), atol=2e-2)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_the_innermost_pixel_is_inside(height, width, seed):
    mask = np.random.default_rng(seed).random((height, width)) < 0.5
    if mask.any():
        x, y = innermost(mask)
        assert mask[int(y), int(x)]
