"""A project of three drawn discs, and the engine of its model."""

import numpy as np
import pytest
import torch
from PIL import Image

from semsam_annotate.annotations import Project
from semsam_annotate.model.engine import open_engine


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "discs", objects=["disc"], parts=["core"]) as made:
        for number in range(3):
            rows, columns = np.mgrid[:64, :80]
            away = np.hypot(rows - 32, columns - 30 - 5 * number)
            image = np.full((64, 80, 3), (40, 60, 70 + number), np.uint8)
            image[away < 20] = (220, 90, 60)
            Image.fromarray(image).save(tmp_path / f"{number}.png")
        made.add_images([tmp_path / f"{number}.png" for number in range(3)])
        yield made


@pytest.fixture
def engine(project):
    with_project = open_engine(f"project:{project.folder}", "cpu")
    yield with_project
    with_project.close()
