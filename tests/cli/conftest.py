"""The program as a person calls it, and a picture to call it on."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads only wait for each other on images this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A bright disc with a dark core."""
    rows, columns = np.mgrid[:90, :120]
    away = np.hypot(rows - 45, columns - 60)
    image = np.full((90, 120, 3), (40, 60, 70), np.uint8)
    image[away < 30] = (220, 90, 60)
    image[away < 10] = (20, 20, 30)
    Image.fromarray(image).save(tmp_path / "disc.png")
    return tmp_path / "disc.png"
