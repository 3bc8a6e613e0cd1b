"""A project's memory follows its store while an engine runs: what is accepted, corrected and deleted."""

import asyncio
import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from semsam_annotate.annotations import Project
from semsam_annotate.api import Embedding, Prompt, Vocabulary, encode_rle
from semsam_annotate.backend.refreshing import keeper_of
from semsam_annotate.backend.worker import EngineWorker
from semsam_annotate.cli.app import build
from semsam_annotate.model.engine import LocalEngine, open_engine


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


def remembered(engine: LocalEngine) -> set[str | None]:
    return {prototype.part for prototype in engine._memories.of(engine._current()).prototypes().values()}


def test_the_memory_follows_the_store(folder):
    engine, source = open_engine(f"project:{folder}", "cpu"), f"project:{folder}"
    keeper = keeper_of(engine, source, EngineWorker(engine))
    with Project.open(folder) as project:
        first = accept(project, object="ship", part="mast", kind="part")
        keeper.start()
        wait_for(lambda: remembered(engine) == {"mast"})
        handle = engine.encode(np.asarray(Image.open(folder.parent / "photo.png")))
        assert engine.propose(handle, Prompt([(40, 30)]), project.vocabulary())[0].part_labels[0][0] == "mast"
        second = project.store.supersede(first.id, part="hull")
        keeper.tell()
        wait_for(lambda: remembered(engine) == {"hull"})
        project.store.delete(second.id)
        keeper.tell()
        wait_for(lambda: remembered(engine) == set())
        keeper.close()
    engine.close()


@pytest.fixture
def slow(folder: Path):
    """(engine, keeper, event): the keeper takes 20 ms more for each layer of the encoder, from the event on."""
    engine, begun = open_engine(f"project:{folder}", "cpu"), threading.Event()

    def dawdle(*_: object) -> None:
        if threading.current_thread().name == "prototypes":
            begun.set()
            time.sleep(0.02)

    for layer in engine._current().network.image_encoder.modules():
        layer.register_forward_pre_hook(dawdle)
    worker = EngineWorker(engine)
    keeper = keeper_of(engine, f"project:{folder}", worker)
    yield engine, worker, keeper, begun
    keeper.close()
    worker.close()


def click(worker: EngineWorker, handle: Embedding, words: Vocabulary) -> None:
    asyncio.run(worker.run(lambda engine: engine.propose(handle, Prompt([(40, 30)]), words)))


def test_a_click_does_not_wait_for_the_memory(folder, slow):
    engine, worker, keeper, begun = slow
    handle = engine.encode(np.zeros((60, 80, 3), np.uint8))
    with Project.open(folder) as project:
        accept(project, object="ship", part="mast", kind="part")
        keeper.start()
        assert begun.wait(30)
        click(worker, handle, project.vocabulary())
    assert engine.encodings.made == 1, "the click waited until the photo was encoded"
    wait_for(lambda: remembered(engine) == {"mast"})
    assert engine.encodings.made == 2


def test_the_memory_follows_although_people_click_all_the_time(folder, slow):
    engine, worker, keeper, begun = slow
    keeper.background.patience, keeper.background.tries = 0.05, 3
    handle = engine.encode(np.zeros((60, 80, 3), np.uint8))
    with Project.open(folder) as project:
        accept(project, object="ship", part="mast", kind="part")
        keeper.start()
        end = time.monotonic() + 60
        while not remembered(engine):
            assert time.monotonic() < end, "clicks kept the memory from its photo"
            click(worker, handle, project.vocabulary())
    assert begun.is_set()
    assert remembered(engine) == {"mast"}


def test_what_was_clicked_in_is_not_encoded_again(folder):
    engine = open_engine(f"project:{folder}", "cpu")
    keeper = keeper_of(engine, f"project:{folder}", EngineWorker(engine))
    engine.encode(np.asarray(Image.open(folder.parent / "photo.png")))
    with Project.open(folder) as project:
        accept(project, object="ship", part="mast", kind="part")
    keeper.start()
    wait_for(lambda: remembered(engine) == {"mast"})
    keeper.close()
    assert (engine.encodings.made, engine.encodings.reused) == (1, 1)
    engine.close()


def test_only_an_engine_that_follows_a_project_has_a_keeper(region_engine, folder):
    worker = EngineWorker(region_engine)
    assert keeper_of(region_engine, f"project:{folder}", worker) is None
    assert keeper_of(region_engine, "default", worker) is None


def test_refresh_from_the_command_line(folder):
    with Project.open(folder) as project:
        accept(project, object="ship", part="mast", kind="part")
    for made in (1, 0):
        answer = CliRunner().invoke(
            build(), ["models", "refresh", "--project", str(folder), "--device", "cpu", "--json"]
        )
        assert answer.exit_code == 0, answer.output
        assert json.loads(answer.stdout.splitlines()[-1]) == {"made": made, "forgotten": 0, "failed": {}}


def test_a_refresh_that_fails_for_some_says_so_in_its_exit_code(folder):
    with Project.open(folder) as project:
        record = accept(project, object="ship", part="mast", kind="part")
    (folder.parent / "photo.png").unlink()
    answer = CliRunner().invoke(build(), ["models", "refresh", "--project", str(folder), "--device", "cpu", "--json"])
    assert answer.exit_code == 1
    assert json.loads(answer.stdout.splitlines()[-1])["failed"].keys() == {record.id}
