"""Whoever adds to a project's file keeps what others wrote there since."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.project_config import read_config, write_config
from semsam_annotate.api import BadInput
from semsam_annotate.api.lock import held


@pytest.fixture
def two(tmp_path):
    with Project.create(tmp_path / "project", objects=["car"]) as first, Project.open(tmp_path / "project") as second:
        yield first, second


def names(config):
    return [item.name for item in (*config.objects, *config.parts)]


def test_names_settings_and_images_of_others_stay(two, tmp_path):
    first, second = two
    file = first.folder / "project.toml"
    (tmp_path / "photos").mkdir()
    first.add_classes(["car"], [("car", "wheel")])
    first.add_images([tmp_path / "photos"])
    write_config(file, replace(read_config(file), retrain_after=50))
    second.add_classes(["dog"], [("car", "door")])
    assert names(second.config) == ["car", "dog", "wheel", "door"]
    assert second.config == read_config(file)
    assert (second.config.retrain_after, len(second.config.images)) == (50, 1)


def test_the_same_name_from_two_sides_is_one(two):
    first, second = two
    first.add_classes(["dog"], [("car", "wheel")])
    second.add_classes(["dog"], [("dog", "wheel")])
    assert names(second.config) == ["car", "dog", "wheel"]
    assert second.config.parts[0].objects == ("car", "dog")
    colours = [item.color for item in second.config.objects]
    assert len(set(colours)) == 2


def test_many_at_once_lose_nothing(two):
    def learn(number):
        two[number % 2].add_classes([f"name {number}"])

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(learn, range(40)))
    assert set(names(read_config(two[0].folder / "project.toml"))) == {"car", *(f"name {n}" for n in range(40))}


def test_what_is_known_leaves_the_file_alone(two):
    file = two[0].folder / "project.toml"
    written = file.stat().st_ino, file.read_bytes()
    two[0].add_classes(["car"])
    assert (file.stat().st_ino, file.read_bytes()) == written


def test_a_file_that_stays_busy_is_told(two, monkeypatch):
    monkeypatch.setattr("semsam_annotate.annotations.config_additions.PATIENCE", 0.0)
    with (
        held(two[0].folder / ".project.lock", "held"),
        pytest.raises(BadInput, match="being written by another program"),
    ):
        two[1].add_classes(["dog"])
    assert names(two[1].config) == ["car"]


def test_a_file_that_is_damaged_meanwhile_is_not_overwritten(two):
    file = two[0].folder / "project.toml"
    file.write_text("name =")
    with pytest.raises(BadInput, match="damaged"):
        two[0].add_classes(["dog"])
    assert file.read_text() == "name ="
