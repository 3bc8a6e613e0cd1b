"""What a ladder promises, for the packaged weights and for a random network."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsam_annotate import load_engine
from semsam_annotate.api import BadInput, Ladder, Prompt, Vocabulary
from semsam_annotate.model.engine.opening import open_engine
from semsam_annotate.model.engine.settings import EngineSettings

WORDS = Vocabulary(["car", "person", "zzyzx"], ["wheel", "head"])
CLICKS = [Prompt([(44, 30)]), Prompt([(5, 5)]), Prompt([(44, 30), (60, 30)], [1, 0]), Prompt(box=(24, 10, 64, 50))]


@pytest.fixture(scope="module")
def packaged():
    """The weights that ship; nothing here depends on how good they are."""
    engine = open_engine("default", "cpu", EngineSettings())
    yield engine
    engine.close()


@pytest.fixture(params=["packaged", "random"])
def engine(request, engine_of):
    return request.getfixturevalue("packaged") if request.param == "packaged" else engine_of()


def overlap(first, second):
    return (first & second).sum() / (first | second).sum()


def check_ladder(ladder, size, words=None):
    words = words or Vocabulary()
    assert 1 <= len(ladder) <= 6
    assert [rung.area for rung in ladder] == sorted(rung.area for rung in ladder)
    assert ladder.best.score == max(rung.score for rung in ladder)
    assert len({rung.id for rung in ladder}) == len(ladder)
    for number, rung in enumerate(ladder):
        assert rung.mask.shape == size
        assert rung.mask.dtype == bool
        assert rung.area == rung.mask.sum() > 0
        assert all(overlap(rung.mask, other.mask) <= 0.95 for other in ladder[:number])
        assert rung.level in range(1, 7)
        assert all(0 <= value <= 1 for value in (rung.score, rung.stability, rung.part_probability))
        check_labels(rung.object_labels, words.objects)
        check_labels(rung.part_labels, words.parts)
        rows, columns = np.nonzero(rung.mask)
        assert rung.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


def check_labels(labels, names):
    assert sorted(name for name, _ in labels) == sorted(names)
    shares = [share for _, share in labels]
    assert shares == sorted(shares, reverse=True)
    assert all(share >= 0 for share in shares)
    assert sum(shares) <= 1 + 1e-6


def same(first, second):
    """Two ladders alike, but for ids and the last digits of batched arithmetic."""
    assert [rung.level for rung in first] == [rung.level for rung in second]
    for one, other in zip(first, second, strict=True):
        assert (one.mask != other.mask).mean() <= 0.002
        assert one.score == pytest.approx(other.score, abs=1e-3)
        assert dict(one.object_labels) == pytest.approx(dict(other.object_labels), abs=1e-3)


@pytest.mark.parametrize("prompt", CLICKS)
def test_contract(engine, photo, prompt):
    ladder = engine.propose(engine.encode(photo), prompt, WORDS)
    check_ladder(ladder, (60, 80), WORDS)
    assert Ladder.from_json(ladder.to_json()) == ladder


def test_many_is_one_by_one_in_any_order(engine, photo):
    handle = engine.encode(photo)
    alone = [engine.propose(handle, prompt, WORDS) for prompt in CLICKS]
    for order in ([0, 1, 2, 3], [3, 1, 0, 2], [2, 2, 0]):
        together = engine.propose_many(handle, [CLICKS[index] for index in order], WORDS)
        for index, ladder in zip(order, together, strict=True):
            same(ladder, alone[index])
    assert engine.propose_many(handle, []) == []


def test_more_prompts_than_fit_at_once(engine_of, photo):
    engine = engine_of()
    handle = engine.encode(photo)
    prompts = [Prompt([(number % 80, number // 2)]) for number in range(70)]
    ladders = engine.propose_many(handle, prompts)
    assert len(ladders) == 70
    same(ladders[69], engine.propose(handle, prompts[69]))


def test_words(engine, photo):
    handle, click = engine.encode(photo), CLICKS[0]
    for words in (None, Vocabulary(), Vocabulary(["car"]), Vocabulary(parts=["wheel"]), Vocabulary(["né 中", "—"])):
        check_ladder(engine.propose(handle, click, words), (60, 80), words)
    resolved = engine.resolve(WORDS)
    assert "zzyzx" not in resolved.known
    assert resolved.known <= {*WORDS.objects, *WORDS.parts}


def test_heads_that_were_never_trained_name_nothing(weights_of, photo):
    engine = open_engine(str(weights_of(objects=("car",), parts=())), "cpu", EngineSettings())
    assert "object_labels" in engine.info.capabilities
    assert "part_labels" not in engine.info.capabilities
    for rung in engine.propose(engine.encode(photo), CLICKS[0], WORDS):
        assert len(rung.object_labels) == 3
        assert rung.part_labels == []


@pytest.mark.parametrize(
    "prompt", [Prompt([(80, 5)]), Prompt([(5, -0.6)]), Prompt([(5, 5), (5, 59.5)], [1, 0]), Prompt(box=(80, 0, 90, 9))]
)
def test_outside(engine_of, photo, prompt):
    engine = engine_of()
    handle = engine.encode(photo)
    with pytest.raises(BadInput, match="outside the image of 80x60"):
        engine.propose_many(handle, [CLICKS[0], prompt])


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (20, 3000), (3000, 20), (33, 31)])
def test_any_size(engine, size):
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    handle = engine.encode(image)
    corner = Prompt([(size[1] - 1, size[0] - 1)])
    for ladder in engine.propose_many(handle, [Prompt([(-0.5, -0.5)]), corner, Prompt(box=(0, 0, 0.5, 0.5))], WORDS):
        check_ladder(ladder, size, WORDS)
    assert len(engine.auto(handle)) >= 1


@given(height=st.integers(1, 70), width=st.integers(1, 70), data=st.data())
@settings(max_examples=15)
def test_any_size_and_click(height, width, data, engine_of):
    engine = engine_of(cleaning=data.draw(st.booleans()))
    image = np.full((height, width, 3), data.draw(st.integers(0, 255)), np.uint8)
    click = (data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1)))
    check_ladder(engine.propose(engine.encode(image), Prompt([click])), (height, width))


def test_cleaning_can_be_turned_off(engine_of, photo):
    rough, clean = engine_of(cleaning=False), engine_of()
    prompts = [Prompt([(x, 30)]) for x in range(0, 80, 8)]
    areas = [
        [[rung.area for rung in ladder] for ladder in engine.propose_many(engine.encode(photo), prompts)]
        for engine in (rough, clean)
    ]
    assert areas[0] != areas[1]


def test_the_packaged_weights_find_a_plain_disc(packaged):
    """The one thing that any trained checkpoint can do: a bright disc on a dark ground."""
    rows, columns = np.mgrid[:200, :240]
    disc = np.hypot(rows - 100, columns - 130) < 55
    image = np.where(disc[..., None], (210, 60, 50), (40, 60, 70)).astype(np.uint8)
    ladder = packaged.propose(packaged.encode(image), Prompt([(130, 100)]))
    assert max(overlap(rung.mask, disc) for rung in ladder) > 0.7


def test_bad_sources(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for source, message in (
        (str(tmp_path / "no.safetensors"), "no weights"),
        (tmp_path / "no.safetensors", "no weights"),
        ("swin-t", "semsam models pull swin-t"),
        (f"project:{tmp_path}", "project.toml"),
        (str(tmp_path / "model.pkl"), "never opened"),
    ):
        with pytest.raises(BadInput, match=message):
            load_engine(source)
    with pytest.raises(BadInput, match="not available"):
        load_engine("default", device="quantum")
    with pytest.raises(BadInput, match="device None"):
        load_engine("default", device=None)
