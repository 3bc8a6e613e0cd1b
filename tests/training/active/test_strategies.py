"""Orders of images: the same whoever stands where, complete, and after what the strategy is named for."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsam_annotate.api import BadInput
from semsam_annotate.training.active import DEFAULT, STRATEGIES, Candidate, Guess, Moment, strategy_named
from semsam_annotate.training.active.clasp import LAST, power
from semsam_annotate.training.active.foreground import EVERY

NAMES = [strategy.name for strategy in STRATEGIES]
SURE = Guess("g", 0.9, 0.9, 1, 0.0, (("car", 1.0),), (), 0.0, (0.0, 0.0, 4.0, 4.0))
shares = st.floats(0, 1, allow_nan=False)


@st.composite
def guesses(draw):
    parts = draw(st.sampled_from([(), ("wheel",), ("wheel", "door")]))
    split = np.array([draw(shares) for _ in parts])
    split = split / max(1.0, split.sum())
    return Guess(
        draw(st.text(max_size=3)), draw(shares), draw(shares), draw(st.integers(1, 6)), draw(shares),
        draw(st.sampled_from([(), (("car", draw(shares)),)])), tuple(zip(parts, split.tolist(), strict=True)),
        draw(shares), (0.0, 0.0, 1.0, 1.0),
    )  # fmt: skip


@st.composite
def pools(draw):
    keys = draw(st.lists(st.integers(0, 999), unique=True, max_size=9))
    looks = np.random.default_rng(draw(st.integers(0, 99))).normal(size=(len(keys), 4))
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    rows = [tuple(draw(st.lists(guesses(), max_size=4))) for _ in keys]
    return [Candidate(str(key), row, look) for key, row, look in zip(keys, rows, looks.astype(np.float32), strict=True)]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(pool=pools(), seed=st.integers(0, 3), round=st.integers(0, 9), data=st.data())
def test_an_order_holds_all_and_does_not_hang_on_how_they_came(name, pool, seed, round, data):
    labelled = tuple(one.vector for one in pool[:2])
    moment = Moment(seed, round, data.draw(st.sampled_from([(), labelled])))
    found = [one.key for one in strategy_named(name).order(pool, moment)]
    assert sorted(found) == sorted(one.key for one in pool)
    assert found == [one.key for one in strategy_named(name).order(data.draw(st.permutations(pool)), moment)]


@settings(max_examples=50, deadline=None)
@given(guess=guesses())
def test_what_is_said_of_a_guess_are_shares(guess):
    for value in (guess.wanted, guess.entropy, guess.doubt):
        assert -1e-9 <= value <= 1 + 1e-9


def test_uncertain_names_come_before_sure_ones_however_many_masks_there_are():
    torn = replace(SURE, objects=(("car", 0.5), ("bus", 0.5)))
    pool = [an_image("sure", SURE), an_image("many", *[SURE] * 9, torn), an_image("torn", torn)]
    assert [one.key for one in strategy_named("entropy").order(pool, Moment())] == ["torn", "many", "sure"]


def test_poor_masks_and_open_granularities_come_before_good_ones():
    pool = [
        an_image("good", SURE),
        an_image("rival", replace(SURE, rival=1.0)),
        an_image("poor", replace(SURE, score=0.1)),
    ]
    assert [one.key for one in strategy_named("disagreement").order(pool, Moment())] == ["rival", "poor", "good"]


def test_random_is_another_order_by_another_seed_and_in_another_round():
    pool = [an_image(str(number)) for number in range(50)]
    orders = [
        [one.key for one in strategy_named("random").order(pool, Moment(seed, round))]
        for seed in (0, 1)
        for round in (0, 1)
    ]
    assert len({tuple(order) for order in orders}) == 4


def test_two_of_three_are_drawn_where_something_is_wanted_and_none_is_left_out():
    nothing = replace(SURE, objects=(("car", 0.01),))
    pool = [an_image(f"e{number}", nothing) for number in range(60)] + [
        an_image(f"f{number}", SURE) for number in range(12)
    ]
    order = [one.key for one in strategy_named("foreground").order(pool, Moment(5))]
    first = order[: 12 * EVERY // (EVERY - 1)]
    assert all(key.startswith("f") for place, key in enumerate(first) if place % EVERY != EVERY - 1 and place < 9)
    assert len(order) == 72
    assert sum(key.startswith("f") for key in first) >= 11


def test_the_diverse_one_leaves_what_is_labelled_and_starts_with_the_typical():
    angles = {"labelled": 0.0, "near": 0.1, "far": 3.0, "aside": 1.5}
    looks = {key: np.array([np.cos(angle), np.sin(angle)], np.float32) for key, angle in angles.items()}
    pool = [Candidate(key, (), looks[key]) for key in ("near", "aside", "far")]
    order = [one.key for one in strategy_named("diverse").order(pool, Moment(labelled=(looks["labelled"],)))]
    assert order == ["far", "aside", "near"]
    assert strategy_named("diverse").order(pool, Moment())[0].key == "aside"


def test_every_class_is_asked_about_though_one_of_them_is_everywhere():
    torn = tuple(replace(SURE, objects=(("car", 0.6), ("bus", 0.4))) for _ in range(3))
    rare = replace(SURE, objects=(("tram", 0.55), ("car", 0.05)))
    pool = [an_image(f"car{number}", *torn) for number in range(60)] + [an_image("tram", *torn, rare)]
    for seed in range(5):
        order = [one.key for one in strategy_named("clasp").order(pool, Moment(seed, round=8))]
        assert "tram" in order[:4]


def test_noise_gets_less_from_round_to_round_and_the_exponent_has_an_end():
    exponents = [power(round) for round in range(8)]
    assert exponents == sorted(exponents)
    assert (exponents[0], exponents[-1], power(10**6)) == (1.0, LAST, LAST)


def test_the_default_is_one_of_them_and_others_are_refused():
    assert strategy_named(DEFAULT).name == DEFAULT
    with pytest.raises(BadInput, match="clasp"):
        strategy_named("oracle")


def an_image(key, *guesses):
    return Candidate(key, guesses, np.array([1.0, 0.0], np.float32))


@pytest.mark.parametrize("centres", [1, 700])
def test_what_is_unlike_all_labelled_is_found_without_a_table_of_all_with_all(centres):
    looks = np.random.default_rng(centres).normal(size=(3000 + centres, 8))
    looks = (looks / np.linalg.norm(looks, axis=1, keepdims=True)).astype(np.float32)
    pool = [an_image_like(number, look) for number, look in enumerate(looks[:3000])]
    tracemalloc.start()
    try:
        found = strategy_named("diverse").order(pool, Moment(labelled=tuple(looks[3000:])))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 4_000_000
    distance = 1 - (looks[:3000].astype(np.float64) @ looks[3000:].astype(np.float64).T).max(1)
    assert found[0].key == pool[int(np.argmax(distance))].key


def an_image_like(number, look):
    return Candidate(f"{number:05d}", (SURE,), look)
