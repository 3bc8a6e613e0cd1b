"""What every test shares: import order, threads, repeatable hypothesis runs, and the guard on the rooms' names."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_API", "pyside6")

import numpy as np
import pytest
import torch
import torchvision  # noqa: F401 (before the first viewer: it imports triton, which crashes once Mesa has drawn)
from hypothesis import HealthCheck, settings
from PIL import Image

from semsam_annotate.cli import main as program

torch.set_num_threads(max(2 // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")), 1))

settings.register_profile(
    "default", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.register_profile("stress", parent=settings.get_profile("default"), derandomize=False, max_examples=1000)
settings.load_profile("default")

ROOMS_BY_SHORT_NAME = {"model", "training", "backend"}


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def rooms_by_their_import_names() -> Iterator[None]:
    """Fail at the end when a room was loaded by its folder's name: it would shadow other packages' modules."""
    yield
    loaded = sorted(ROOMS_BY_SHORT_NAME & sys.modules.keys())
    assert loaded == [], "imported by folder name instead of semsam_annotate.…"


@pytest.fixture
def annotated_scenes(tmp_path):
    """Makes a project of so many annotated scenes, the last one held back."""
    from semsam_annotate.annotations import Project
    from semsam_annotate.api import encode_rle
    from semsam_annotate.training.scenes import generate

    made = []

    def make(count):
        project = Project.create(tmp_path / "project")
        made.append(project)
        for number in range(count):
            scene = generate(number, 96, "held-out")
            path = tmp_path / f"{number}.png"
            Image.fromarray(scene.image).save(path)
            ref = project.ref(path, scene.image)
            project.store.register(ref)
            project.store.splits.assign(ref.sha256, "validation" if number == count - 1 else "train", None)
            for index in np.flatnonzero([name is not None for name in scene.objects])[:4]:
                names = {"object": scene.objects[index], "part": scene.parts[index]}
                kind = "part" if names["part"] else "object"
                project.store.accept(ref, mask=encode_rle(scene.masks[index]), kind=kind, **names)
            project.add_images([path])
        return project

    yield make
    for project in made:
        project.close()


@pytest.fixture
def semsam(monkeypatch, capsys, tmp_path_factory) -> Callable[..., tuple[int, str, str]]:
    """Call the program: exit code, what it printed, what it complained."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["semsam", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            program()
        out, err = capsys.readouterr()
        return stopped.value.code or 0, out, err

    return run
