"""The program as a person calls it, and a picture to call it on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from semsam_annotate.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads only wait for each other on images this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def semsam(monkeypatch, capsys, tmp_path_factory) -> Run:
    """Call the program: exit code, what it printed, what it complained."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["semsam", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = capsys.readouterr()
        return stopped.value.code or 0, out, err

    return run


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
