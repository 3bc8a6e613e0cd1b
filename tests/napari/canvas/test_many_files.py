"""A list of thousands of files: what is next costs no more than in a list of three."""

import os
from pathlib import Path, PurePath

import numpy as np
import pytest
from napari.components import ViewerModel
from PIL import Image

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.next_images import NextImage, NextImages, write_next
from semsam_annotate.napari.canvas.annotator import Annotator
from semsam_annotate.napari.canvas.file_list import FileList
from semsam_annotate.napari.canvas.picture_source import FILE_KEY
from semsam_annotate.napari.state.project_ledger import ProjectLedger
from semsam_annotate.napari.state.session import AnnotationSession

MANY = 200


@pytest.fixture
def costly(monkeypatch):
    """What was compared with another path or looked for on the disk, since the list was cleared."""
    found, equal, resolve = [], PurePath.__eq__, Path.resolve
    monkeypatch.setattr(PurePath, "__eq__", lambda path, other: found.append(path) or equal(path, other))
    monkeypatch.setattr(Path, "resolve", lambda path, strict=False: found.append(path) or resolve(path, strict))
    return found


@pytest.fixture
def annotator(tmp_path, worker):
    """On many photos of a project that is reached by a link."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for number in range(MANY):
        Image.fromarray(np.full((6, 8, 3), number, np.uint8)).save(tmp_path / "real" / f"{number:03}.png")
    os.utime(tmp_path / "real", (10**9, 10**9))  # a folder that has just changed is looked through at each step
    Project.create(tmp_path / "project", images=[tmp_path / "link"]).close()
    ledger = ProjectLedger.open(tmp_path / "project")
    annotator = Annotator(ViewerModel(), AnnotationSession(ledger), worker)
    annotator.open_project_images()
    yield annotator
    annotator.close()
    ledger.close()


def test_a_place_in_the_list_is_looked_up(tmp_path, costly):
    paths = [tmp_path / f"{number}.png" for number in range(3000)]
    viewer = ViewerModel()
    files = FileList(viewer, [*paths, paths[7]])
    layer = viewer.add_image(np.zeros((4, 4)), metadata={FILE_KEY: str(paths[2900])})
    costly.clear()
    assert [files.index(str(path)) for path in (paths[7], paths[2999])] == [7, 2999]
    assert files.index(str(tmp_path / "elsewhere.png")) is files.index(None) is None
    assert files.current() == 2900
    layer.metadata.clear()
    assert files.current() is None
    assert len(costly) < 10


def test_a_step_along_the_queue_looks_no_file_up_but_the_next(annotator, costly, tmp_path):
    names = [f"{number:03}" for number in range(MANY)]
    images = tuple(NextImage(str(tmp_path / "link" / f"{name}.png"), name, 1.0) for name in reversed(names))
    write_next(tmp_path / "project" / "models", NextImages("random", "v", "packaged", "2030", images))
    annotator.actions["most useful"]()
    assert annotator.session.picture.name == "199"
    costly.clear()
    annotator.actions["most useful"]()
    assert annotator.session.picture.name == "198"
    annotator.actions["done"]()
    assert annotator.session.picture.name == "199"
    assert len(costly) < MANY / 2


def test_the_file_that_follows_is_read_once(annotator, pump):
    read = []
    annotator.worker.read.connect(read.append)
    pump.until(lambda: bool(read))
    assert read[0].path.stem == "001"
    annotator.actions["done"]()
    assert annotator.session.picture.rgb is read[0].rgb
