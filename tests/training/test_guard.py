"""Steps that go wrong are found, named and left out, or end the run; the weights stay as they were."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from semsam_annotate.api import BadInput
from semsam_annotate.training.config import GuardConfig
from semsam_annotate.training.guard import Guard, TrainingDiverged, name_batch
from semsam_annotate.training.loop import open_run, train
from semsam_annotate.training.parallel import World
from semsam_annotate.training.run_folder import RunFolder
from semsam_annotate.training.sampler import Sampler
from semsam_annotate.training.starting import build_learner
from semsam_annotate.training.state import gather_state, load_state, save_state

CPU = World(torch.device("cpu"))


@pytest.fixture
def spoilt(tiny_run, monkeypatch):
    """Step 3 (the fourth) divides by nothing: its loss is infinite."""
    from semsam_annotate.training import step

    of = step.Counts.of

    def broken(sums):
        counts = of(sums)
        return replace(counts, pairs=1e-45) if broken.step == 3 else counts

    gradients = step.Learner._gradients

    def counted(self, number, questions):
        broken.step = number
        return gradients(self, number, questions)

    monkeypatch.setattr(step.Counts, "of", broken)
    monkeypatch.setattr(step.Learner, "_gradients", counted)
    return tiny_run


def test_a_bad_step_is_left_out_and_named(spoilt, tmp_path):
    train(spoilt, tmp_path)
    folder = RunFolder(tmp_path, spoilt)
    (trouble,) = folder.troubles()
    assert trouble["step"] == 4
    assert "the loss is" in trouble["trouble"]
    drawn = [question.origin for question in Sampler(spoilt).draw(3)]
    assert trouble["images"] == [drawn]
    assert {name.partition("/")[0] for name in drawn} <= {"photos", "drawings"}
    weights = load_file(folder.state)
    assert all(torch.isfinite(value).all() for value in weights.values() if value.is_floating_point())
    assert not np.isfinite(folder.metrics()[3]["total"])
    assert len(folder.metrics()) == 6


def test_a_bad_step_ends_the_run_with_its_images(spoilt, tmp_path):
    config = replace(spoilt, guard=GuardConfig(action="stop"))
    with pytest.raises(TrainingDiverged, match=r"step 4: the loss is inf.*tiny\.pack#\d.*guard\.action = skip"):
        train(config, tmp_path)
    folder = RunFolder(tmp_path, config)
    assert int(load_file(folder.state)["done"]) == 3
    train(replace(config, guard=GuardConfig(action="skip")), tmp_path)
    assert int(load_file(folder.state)["done"]) == 6


def test_a_step_left_out_changes_nothing(spoilt, tmp_path):
    config = replace(spoilt, schedule=replace(spoilt.schedule, freeze_norms=False, ema=0.9))
    learner = build_learner(config, open_run(config, tmp_path, CPU), CPU)
    sampler = Sampler(config)
    learner.learn(0, sampler.draw(0))
    before = {name: value.clone() for name, value in gather_state(learner, 1).items()}
    assert learner.learn(3, sampler.draw(3)).trouble
    after = gather_state(learner, 1)
    changed = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert changed == {"guard.skips"}


@given(st.lists(st.floats(0.5, 2.0), min_size=12, max_size=40), st.floats(1.0, 1e6))
def test_only_leaps_are_leaps(totals, height):
    guard = Guard(GuardConfig(spike=5.0))
    assert all(guard.judge(total, 1.0) is None for total in totals)
    told = guard.judge(height, 1.0)
    usual = float(np.median(totals))
    assert (told is not None) == (height > 5 * usual)
    if told:
        assert f"{usual:.4g}" in told


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite(value):
    assert "loss" in Guard(GuardConfig()).judge(value, 1.0)
    assert "gradient" in Guard(GuardConfig()).judge(1.0, value)


def test_too_many_in_a_row_end_the_run():
    guard = Guard(GuardConfig(most_skips=2))
    for bad, ends in ((1, False), (1, False), (0, False), (1, False), (1, False), (1, True)):
        guard.judge(float("nan") if bad else 1.0, 1.0)
        assert guard.ends is ends


def test_judgement_goes_on_after_a_resume(tiny_run, tmp_path):
    config = replace(tiny_run, guard=GuardConfig(spike=3.0, window=12))
    folder = open_run(config, tmp_path, CPU)
    first, second = build_learner(config, folder, CPU), build_learner(config, folder, CPU)
    for total in [*np.linspace(2, 1, 15), float("nan")]:
        first.guard.judge(float(total), 1.0)
    save_state(gather_state(first, 0), folder.state)
    load_state(second, folder.state)
    assert second.guard.skips == 1
    for total in (3.9, 1.1, 3.2, 3.5):
        assert first.guard.judge(total, 1.0) == second.guard.judge(total, 1.0)


def test_the_worst_part_is_named_first():
    origins = [["a1", "a2"], ["b1"], ["c1", "c2"]]
    assert name_batch(origins, [0.1, float("nan"), 0.2]) == "b1, c1, c2, a1, a2"
    assert name_batch(origins, [0.3, 0.1, 0.2], most=2) == "a1, a2 and 3 more"


def test_settings_that_make_no_sense():
    with pytest.raises(BadInput, match="factor above 1"):
        GuardConfig(spike=0.5)
    with pytest.raises(BadInput, match="at least 2"):
        GuardConfig(window=1)
