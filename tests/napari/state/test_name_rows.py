"""Rows of names: nothing is lost, guesses lead, typing filters and offers what is new. Thumbnails show the mask."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.napari.state.name_rows import completion, name_rows, reason
from semsam_annotate.napari.state.thumbnails import thumbnail

NAMES = st.lists(st.text("abcdÄ ß", min_size=1, max_size=4).filter(str.strip), unique=True, max_size=12)


@given(NAMES, st.data())
def test_without_typing_every_name_is_there_once_best_guess_first(names, data):
    guessed = data.draw(st.lists(st.sampled_from(names), unique=True)) if names else []
    guesses = [(name, 1 / (2 + place)) for place, name in enumerate(guessed)]
    rows = [row.name for row in name_rows(names, guesses)]
    assert sorted(rows) == sorted(names)
    assert rows[: len(guessed)] == guessed
    assert rows[len(guessed) :] == [name for name in names if name not in guessed]


@given(NAMES, st.text("abcdÄ ß", max_size=3))
def test_typing_filters_and_the_text_itself_stands_on_top(names, typed):
    rows = name_rows(names, typed=typed)
    wanted = typed.strip().casefold()
    assert {row.name for row in rows if not row.new} == {name for name in names if wanted in name.casefold()}
    new = [row for row in rows if row.new]
    assert bool(new) == (bool(wanted) and wanted not in {name.casefold() for name in names})
    assert not wanted or rows[0].name.casefold() == wanted
    assert not new or rows[0].name == typed.strip()


def test_names_that_begin_with_the_text_come_first():
    rows = [row.name for row in name_rows(["window", "door", "downpipe"], typed="do")]
    assert rows == ["do", "door", "downpipe", "window"]


def test_a_text_that_is_a_name_comes_before_names_that_begin_with_it():
    guesses = [("carpet", 0.6), ("Car", 0.3), ("car", 0.1)]
    rows = [row.name for row in name_rows(["carpet", "Car", "car"], guesses, "car")]
    assert rows == ["car", "Car", "carpet"]


@pytest.mark.parametrize(
    ("typed", "name"), [("do", "door"), ("DO", "door"), ("door", None), ("in", None), ("", None), ("x", None)]
)
def test_only_a_name_that_begins_with_the_text_completes_it(typed, name):
    assert completion(name_rows(["window", "door", "doormat"], typed=typed), typed) == name


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40))
def test_a_thumbnail_shows_mask_pixels_as_they_are_and_dims_others(seed, height, width):
    rng = np.random.default_rng(seed)
    rgb = rng.integers(200, 256, (height, width, 3)).astype(np.uint8)
    mask = rng.random((height, width)) < 0.5
    x0, y0 = int(rng.integers(0, width)), int(rng.integers(0, height))
    box = (x0, y0, int(rng.integers(x0, width)) + 1, int(rng.integers(y0, height)) + 1)
    small = thumbnail(rgb, mask, box, (30, 40))
    assert small.shape == (30, 40, 3)
    values = set(map(tuple, small.reshape(-1, 3)))
    known = set(map(tuple, rgb[mask])) | set(map(tuple, rgb[~mask] // 4 + 40)) | {(0, 0, 0)}
    assert values <= known


def test_the_box_is_in_the_middle_with_a_margin():
    rgb = np.zeros((100, 200, 3), np.uint8)
    rgb[40:60, 80:120] = 255
    small = thumbnail(rgb, np.ones((100, 200), bool), (80, 40, 120, 60), (30, 40))[..., 0] > 0
    rows, columns = np.flatnonzero(small.any(1)), np.flatnonzero(small.any(0))
    assert abs((rows[0] + rows[-1]) / 2 - 14.5) <= 0.5
    assert abs((columns[0] + columns[-1]) / 2 - 19.5) <= 0.5
    assert 0.5 < len(columns) / 40 < 0.8


def test_a_guess_tells_why():
    (row,) = name_rows(["car"], [("car", 0.5)], alike={"car": 4, "bus": 1})
    assert row.alike == 4
    assert reason("car", {"car": 4}) == "like 4 you accepted"
    assert reason("bus", {"car": 4}) == "by its word alone"
    assert reason("", {"car": 4}) == ""
