"""What a training may cost: steps, minutes, threads, as ``project.toml`` or the command line say."""

from dataclasses import replace

import pytest

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.project_config import read_config, write_config
from semsam_annotate.annotations.retrain_config import RetrainConfig
from semsam_annotate.api import BadInput
from semsam_annotate.training import retrain as room
from semsam_annotate.training.retrain.budget import steps_in, within_minutes
from semsam_annotate.training.retrain.settings import RetrainSettings, fine_tune_config


@pytest.fixture
def budget(tmp_path):
    """Writes ``[retrain]`` of a project; its folder."""

    def write(**limits):
        Project.create(tmp_path / "project", objects=["car"]).close()
        file = tmp_path / "project" / "project.toml"
        write_config(file, replace(read_config(file), retrain=RetrainConfig(**limits)))
        return tmp_path / "project"

    return write


def test_a_budget_survives_what_the_program_writes(budget, tmp_path):
    folder = budget(max_steps=7, minutes=2.5, threads=1)
    (tmp_path / "images").mkdir()
    with Project.open(folder) as project:
        project.add_images([tmp_path / "images"])
    assert read_config(folder / "project.toml").retrain == RetrainConfig(7, 2.5, 1)
    assert [item.name for item in read_config(folder / "project.toml").objects] == ["car"]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ((), (0, 7, 2.5, 1)),
        (("--steps", 9, "--minutes", 0, "--threads", 2), (9, 7, 0.0, 2)),
    ],
)
def test_the_command_takes_the_projects_budget_unless_it_is_told_another(budget, semsam, monkeypatch, options, wanted):
    asked = []

    def run(project, settings, progress):
        asked.append(settings)
        raise BadInput("far enough")

    monkeypatch.setattr(room, "retrain", run)
    folder = budget(max_steps=7, minutes=2.5, threads=1)
    assert semsam("retrain", "--project", folder, *options)[0] == 2
    (settings,) = asked
    assert (settings.steps, settings.max_steps, settings.minutes, settings.threads) == wanted


def test_the_most_steps_bound_the_usual_ones_only(tiny_weights, pack_of):
    pack = pack_of("photos")

    def steps(**given):
        return fine_tune_config(tiny_weights, pack, RetrainSettings(**given)).schedule.steps

    assert steps(max_steps=7) == 7
    assert steps(max_steps=10_000) == steps()
    assert steps(steps=9, max_steps=7) == 9


def test_steps_follow_from_the_minutes(tiny_run, tmp_path):
    assert within_minutes(tiny_run, 0, tmp_path / "none") is tiny_run
    assert not (tmp_path / "none").exists()
    assert within_minutes(tiny_run, 1e-6, tmp_path / "short").schedule.steps == 1
    assert within_minutes(tiny_run, 60, tmp_path / "long").schedule.steps == tiny_run.schedule.steps


def test_how_many_steps_fit(tiny_run):
    config = replace(tiny_run, schedule=replace(tiny_run.schedule, steps=1000, final_share=0.5))
    assert steps_in(30, [9, 10, 11, 14, 16, 18], config) == 20  # one second each of the small, two of the large
    assert steps_in(-5, [9, 10, 11, 14, 16, 18], config) == 1
    assert steps_in(1e9, [9, 10, 11, 14, 16, 18], config) == 1000
