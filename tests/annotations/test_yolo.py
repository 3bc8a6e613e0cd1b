"""YOLO's folders say what was meant, whatever names and images a project has."""

import uuid

import pytest

from semsam_annotate.annotations import Project
from semsam_annotate.cli.importing import read_any


@pytest.fixture
def back(tmp_path):
    """A project's YOLO export, taken into a new one."""

    def run(project):
        project.export("yolo", tmp_path / "out")
        with Project.create(tmp_path / "new") as new:
            new.take_in(read_any("yolo", tmp_path / "out", None, new.folder))
            return new.store.annotations()

    return run


@pytest.mark.parametrize("letter", ["\x7f", "\x92", "\x85", "\u2028", "\ufffe", "\uffff", "\U0001f600"])
def test_names_of_odd_letters_are_read_as_they_are(letter, project, image, propose, tmp_path):
    """Stores may hold names that are refused today."""
    yaml = pytest.importorskip("yaml")
    project.add_images([tmp_path / "photos"])
    record = project.store.accept(image, propose(), object="car")
    odd = record.with_(id=str(uuid.uuid4()), object=f"a{letter}b")
    project.store.add([odd])
    project.export("yolo", tmp_path / "out")
    content = yaml.safe_load((tmp_path / "out" / "data.yaml").read_text("utf-8"))
    assert sorted(content["names"].values()) == sorted(["car", f"a{letter}b"])
