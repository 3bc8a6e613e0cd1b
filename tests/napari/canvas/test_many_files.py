"""A list of thousands of files: what is next costs no more than in a list of three."""

from pathlib import Path, PurePath

import numpy as np
import pytest
from napari.components import ViewerModel

from semsam_annotate.napari.canvas.file_list import FileList
from semsam_annotate.napari.canvas.picture_source import FILE_KEY


@pytest.fixture
def costly(monkeypatch):
    """What was compared with another path or looked for on the disk, since the list was cleared."""
    found, equal, resolve = [], PurePath.__eq__, Path.resolve
    monkeypatch.setattr(PurePath, "__eq__", lambda path, other: found.append(path) or equal(path, other))
    monkeypatch.setattr(Path, "resolve", lambda path, strict=False: found.append(path) or resolve(path, strict))
    return found


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
