"""Calibration: planted faults are found and taken away, orders stay, and too little is refused."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.model.engine import LocalEngine, open_engine
from semsam_annotate.model.engine.opening import packaged_weights
from semsam_annotate.training.active import Candidate, Guess
from semsam_annotate.training.calibrating import Calibration, calibrate, calibrate_quietly, read_calibration
from semsam_annotate.training.calibrating.calibration import tempered
from semsam_annotate.training.calibrating.fit import before_and_after, fit, line, temperature
from semsam_annotate.training.calibrating.kept import calibration_file, write_calibration
from semsam_annotate.training.calibrating.picture import reliability_png
from semsam_annotate.training.calibrating.run import helpful
from semsam_annotate.training.calibrating.seen import Seen, SeenName, SeenScore
from semsam_annotate.training.evaluation.calibration import facts
from semsam_annotate.training.retrain.project_data import read_project

NAMES = ("a", "b", "c")


@pytest.mark.parametrize("planted", [0.4, 1.0, 3.0])
def test_a_planted_temperature_is_found_and_taken_away(planted):
    names = said_names(planted, 1500)
    assert temperature(names) == pytest.approx(planted, rel=0.15)
    before, after = before_and_after(Seen(1500, tuple(names), (), ()))["objects"]
    assert facts(after, rounds=1)["ece"] < 4
    if planted != 1:
        assert facts(before, rounds=1)["ece"] > 8


@pytest.mark.parametrize("right", [True, False])
def test_a_few_masks_that_are_all_alike_leave_doubt(right):
    names = [SeenName(str(number % 4), (("car", 0.6), ("bus", 0.4)), "car" if right else "bus") for number in range(24)]
    heat = temperature(names)
    made = Calibration(objects=heat).names((("car", 0.6), ("bus", 0.4)), part=False)
    assert made[0][1] / (made[0][1] + made[1][1]) < (25.5 / 26 if right else 0.6)
    assert made[0][1] > made[1][1]


def test_scores_that_are_too_high_are_lowered_without_changing_their_order():
    rng = np.random.default_rng(1)
    true = rng.uniform(0.2, 0.8, 800)
    rows = tuple(SeenScore(str(number % 40), float(np.sqrt(iou)), float(iou)) for number, iou in enumerate(true))
    made = Calibration(score=line(rows))
    moved = [made.predicted(row.score) for row in rows]
    assert np.array_equal(np.argsort(moved), np.argsort([row.score for row in rows]))
    before, after = before_and_after(Seen(800, (), (), rows))["score"]
    assert facts(before, rounds=1)["ece"] > 15
    assert facts(after, rounds=1)["ece"] < 2


@settings(max_examples=60, deadline=None)
@given(
    shares=st.lists(st.floats(0, 1), min_size=1, max_size=5),
    heat=st.floats(0.05, 20),
    score=st.floats(0, 1),
    slope=st.floats(0, 20),
    offset=st.floats(-20, 20),
)
def test_what_is_corrected_stays_a_share_in_its_order(shares, heat, score, slope, offset):
    whole = max(1.0, sum(shares))
    listed = sorted(((str(number), share / whole) for number, share in enumerate(shares)), key=lambda item: -item[1])
    made = Calibration(heat, heat, (slope, offset))
    found = made.names(listed, part=True)
    assert [name for name, _ in found] == [name for name, _ in listed]
    values = [share for _, share in found]
    assert values == sorted(values, reverse=True) or np.allclose(values, sorted(values, reverse=True))
    assert sum(values) <= 1 + 1e-9
    assert 0 <= made.predicted(score) <= 1


def test_a_temperature_of_one_and_no_calibration_change_nothing():
    shares = (("a", 0.6), ("b", 0.1))
    assert Calibration().names(shares, part=False) == shares
    assert [share for _, share in Calibration(objects=1.0).names(shares, part=False)] == pytest.approx([0.6, 0.1])
    guess = Guess("g", 0.5, 0.9, 1, 0.2, shares, (), 0.0, (0.0, 0.0, 1.0, 1.0))
    one = Candidate("k", (guess,), np.zeros(2, np.float32))
    assert one.corrected(Calibration()).guesses == one.guesses
    assert one.corrected(Calibration(objects=5.0)).guesses[0].entropy > guess.entropy


def test_too_few_masks_and_names_are_left_as_they_are():
    few = Seen(19, tuple(said_names(3.0, 19)), (), (SeenScore("a", 0.5, 0.9),))
    assert fit(few) == Calibration()
    assert before_and_after(few) == {}
    some = replace(few, masks=25, objects=tuple(said_names(3.0, 25)))
    assert fit(some).objects is not None
    assert fit(some).parts is None


def test_what_helps_nothing_is_left_as_it_is():
    names = tuple(said_names(1.0, 60))
    scores = tuple(SeenScore(str(number % 12), 0.1 + number / 80, 0.1 + number / 80) for number in range(60))
    made, left = helpful(Seen(60, names, (), scores), told(Seen(60, names, (), scores)))
    assert made.parts is None
    assert made.score is None
    assert [line.split(":")[0] for line in left if "no more reliable" not in line] == ["part names"]
    wrong = tuple(said_names(4.0, 400))
    assert helpful(Seen(400, wrong, (), ()), told(Seen(400, wrong, (), ())))[0].objects > 2


def told(seen):
    return {
        side: {"before": facts(both[0], rounds=1), "after": facts(both[1], rounds=1)}
        for side, both in before_and_after(seen).items()
    }


def test_what_is_kept_comes_back_and_damage_changes_nothing(tmp_path):
    made = Calibration(1.5, None, (0.8, -0.2))
    path = write_calibration(tmp_path, "v1", made, {"masks": 40})
    assert read_calibration(tmp_path, "v1") == made
    assert read_calibration(tmp_path, "v2") == Calibration()
    plain = json.loads(path.read_text())
    for wrong in ({"objects": -1}, {"objects": "hot"}, {"score": [1]}, {"score": [-1, 0]}, {"parts": float("inf")}):
        path.write_text(json.dumps({**plain, **wrong}))
        assert read_calibration(tmp_path, "v1") == Calibration()
    path.write_text("{")
    assert read_calibration(tmp_path, "v1") == Calibration()


def test_the_picture_is_one_also_of_nothing_and_of_one_mask(tmp_path):
    names = tuple(said_names(2.0, 30))
    for sides in (before_and_after(Seen(30, names, names, ())), {}):
        (tmp_path / "curves.png").write_bytes(reliability_png(sides))
        with Image.open(tmp_path / "curves.png") as picture:
            assert picture.format == "PNG"


def test_a_project_with_few_masks_is_refused_and_one_with_enough_is_calibrated(annotated_scenes, semsam, monkeypatch):
    project = annotated_scenes(3)
    code, _, err = semsam("models", "calibrate", "--project", project.folder)
    assert code == 2
    assert "validation masks" in err
    sample = read_project(project).validation
    engine = open_engine("default", "cpu")
    with pytest.raises(BadInput, match="at least 20"):
        calibrate(engine, project.models, sample)
    monkeypatch.setattr("semsam_annotate.training.calibrating.run.LEAST_HELD_BACK", len(sample))
    monkeypatch.setattr("semsam_annotate.training.calibrating.fit.LEAST_HELD_BACK", len(sample))
    made = calibrate(engine, project.models, replace(sample, vocabulary=Vocabulary(sample.vocabulary.objects)))
    assert made.calibration.parts is None
    assert any(line.startswith("part names: only 0") for line in made.report["left_as_they_are"])
    for side, both in made.report["sides"].items():
        better = both["after"]["ece"] < both["before"]["ece"]
        assert (getattr(made.calibration, side) is not None) == better
    assert made.picture.is_file()
    assert read_calibration(project.models, engine.info.version) == made.calibration
    assert made.file == calibration_file(project.models, engine.info.version)
    kept = made.file.read_bytes()
    versions = iter(["0123456789ab", engine.info.version])
    monkeypatch.setattr(LocalEngine, "info", property(lambda _: SimpleNamespace(version=next(versions))))
    with pytest.raises(BadInput, match="another model serves"):
        calibrate(engine, project.models, sample)
    assert made.file.read_bytes() == kept


def test_at_the_end_of_a_training_too_few_masks_and_lost_photos_are_no_error(annotated_scenes, monkeypatch):
    project = annotated_scenes(2)
    sample = read_project(project).validation
    calibrate_quietly(packaged_weights(), project.models, sample)
    monkeypatch.setattr("semsam_annotate.training.calibrating.run.LEAST_HELD_BACK", 1)
    sample.images[0].path.rename(project.folder / "away.png")
    calibrate_quietly(packaged_weights(), project.models, sample)
    assert not (project.models / "calibration").exists()
    (project.folder / "away.png").rename(sample.images[0].path)
    calibrate_quietly(packaged_weights(), project.models, sample)
    assert len(list((project.models / "calibration").iterdir())) == 2
    calibrate_quietly(packaged_weights(), project.models, sample, full)


def full(done, total):
    """As torch says that there is no memory left."""
    raise RuntimeError("out of memory")


def said_names(planted, count):
    """What a model says that is off by a temperature: the truth is drawn from what it should have said."""
    rng = np.random.default_rng(3)
    found = []
    for number, right in enumerate(rng.dirichlet(np.ones(3) * 0.7, count)):
        said = 0.8 * tempered(right, 1 / planted)  # the rest is "none of these"
        shares = sorted(zip(NAMES, said.tolist(), strict=True), key=lambda item: -item[1])
        found.append(SeenName(str(number % 50), tuple(shares), NAMES[rng.choice(3, p=right)]))
    return found
