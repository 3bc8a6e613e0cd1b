"""A project's memory follows its store while an engine runs: what is accepted, corrected and deleted."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from semsam_annotate.annotations import Project
from semsam_annotate.api import Prompt, encode_rle
from semsam_annotate.backend.refreshing import keeper_of
from semsam_annotate.cli.app import build
from semsam_annotate.model.engine import open_engine


def disc(radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:60, :80]
    return np.hypot(rows - 30, columns - 40) < radius


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with one photo."""
    photo = np.full((60, 80, 3), 40, np.uint8)
    photo[disc(20)], photo[disc(8)] = (200, 60, 40), (20, 220, 90)
    Image.fromarray(photo).save(tmp_path / "photo.png")
    Project.create(tmp_path / "project", objects=["ship"], parts={"mast": ["ship"], "hull": ["ship"]}).close()
    return tmp_path / "project"


def accept(project: Project, **facts: object):
    path = project.folder.parent / "photo.png"
    photo = np.asarray(Image.open(path))
    return project.store.accept(project.ref(path, photo), mask=encode_rle(disc(8)), **facts)


def wait_for(condition) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "the memory did not follow"
        time.sleep(0.02)


def test_the_memory_follows_the_store(folder):
    engine, source = open_engine(f"project:{folder}", "cpu"), f"project:{folder}"
    keeper = keeper_of(engine, source)
    with Project.open(folder) as project:

        def names() -> set[str | None]:
            remembered = engine._memories.of(engine._current()).prototypes().values()
            return {prototype.part for prototype in remembered}

        first = accept(project, object="ship", part="mast", kind="part")
        keeper.start()
        wait_for(lambda: names() == {"mast"})
        handle = engine.encode(np.asarray(Image.open(folder.parent / "photo.png")))
        assert engine.propose(handle, Prompt([(40, 30)]), project.vocabulary())[0].part_labels[0][0] == "mast"
        second = project.store.supersede(first.id, part="hull")
        keeper.tell()
        wait_for(lambda: names() == {"hull"})
        project.store.delete(second.id)
        keeper.tell()
        wait_for(lambda: names() == set())
        keeper.close()
    engine.close()


def test_only_an_engine_that_follows_a_project_has_a_keeper(region_engine, folder):
    assert keeper_of(region_engine, f"project:{folder}") is None
    assert keeper_of(region_engine, "default") is None


def test_refresh_from_the_command_line(folder):
    with Project.open(folder) as project:
        accept(project, object="ship", part="mast", kind="part")
    for made in (1, 0):
        answer = CliRunner().invoke(
            build(), ["models", "refresh", "--project", str(folder), "--device", "cpu", "--json"]
        )
        assert answer.exit_code == 0, answer.output
        assert json.loads(answer.stdout.splitlines()[-1]) == {"made": made, "forgotten": 0, "failed": {}}
