"""The live page of a run: figures, curves and ladders, drawn anew and never half written."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from semsam_annotate.training.config import WatchConfig
from semsam_annotate.training.loop import train
from semsam_annotate.training.run_folder import RunFolder
from semsam_annotate.training.watching.curves import MOST_POINTS, draw_curves, thinned
from semsam_annotate.training.watching.pace import Pace, peak_memory
from semsam_annotate.training.watching.page import duration


@pytest.fixture(scope="module")
def watched(tiny_run, pack_of, tmp_path_factory):
    """A run with a page, resumed once."""
    folder = tmp_path_factory.mktemp("watched")
    watch = WatchConfig(every=2, ladders=2, packs=(str(pack_of("validation")),))
    config = replace(tiny_run, watch=watch)
    train(replace(config, schedule=replace(config.schedule, steps=2)), folder)
    train(config, folder)
    return folder, config


def test_the_page_tells_and_shows(watched):
    folder, _ = watched
    page = (folder / "live" / "index.html").read_text()
    for told in ("6 of 6", "images/s", "time left", "MiB", "curves.png?6", "ladders.png?6", 'http-equiv="refresh"'):
        assert told in page, told
    for name in ("curves.png", "ladders.png"):
        with Image.open(folder / "live" / name) as picture:
            assert min(picture.size) > 100
            assert len(np.unique(np.asarray(picture.convert("L")))) > 20
    assert sorted(path.name for path in (folder / "live").iterdir()) == ["curves.png", "index.html", "ladders.png"]


def test_validation_is_measured_at_every_checkpoint(watched):
    folder, config = watched
    rows = RunFolder(folder, config).validation()
    assert [row["step"] for row in rows] == [2, 4, 6]
    assert all(0 <= row["max"] <= row["oracle"] <= 1 for row in rows)


def test_every_step_has_its_memory(watched):
    folder, config = watched
    assert all(row["memory_mib"] > 100 for row in RunFolder(folder, config).metrics())


def test_nothing_is_drawn_unasked(tiny_run, tmp_path):
    train(replace(tiny_run, schedule=replace(tiny_run.schedule, steps=1)), tmp_path)
    assert not (tmp_path / "live").exists()


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=16), max_size=900))
def test_thinned_curves_keep_their_mean_and_order(values):
    steps, means = thinned(list(range(len(values))), values)
    finite = [value for value in values if np.isfinite(value)]
    assert len(steps) == len(means) == min(MOST_POINTS, len(finite))
    assert steps == sorted(steps)
    if finite:
        assert min(finite) - 1e-6 <= min(means) <= max(means) <= max(finite) + 1e-6
    if 0 < len(finite) <= MOST_POINTS:
        assert means == finite


def test_curves_of_nothing(tmp_path):
    draw_curves({"empty": ([], []), "bad": ([1], [float("nan")])}, tmp_path / "curves.png")
    assert Image.open(tmp_path / "curves.png").size[0] > 100


def test_pace(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("semsam_annotate.training.watching.pace.time.monotonic", lambda: now[0])
    pace = Pace(8, 100)
    assert pace.images_per_second == pace.waiting == 0
    for _ in range(70):
        now[0] += 2
        pace.mark(1.5)
    assert pace.images_per_second == pytest.approx(4)
    assert pace.waiting == pytest.approx(0.25)
    assert pace.left(70) == pytest.approx(60)
    assert peak_memory() > 50


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0 s"), (59.6, "1 min 00 s"), (61, "1 min 01 s"), (7500, "2 h 05 min")]
)
def test_durations(seconds, told):
    assert duration(seconds) == told
