"""Where an export does not go: over a photo, the project's or anyone's."""

import shutil

import pytest

from semsam_annotate.annotations import Project
from semsam_annotate.api import BadInput


@pytest.mark.parametrize("format", ["coco", "lvis", "labels"])
def test_an_export_replaces_no_picture(format, photo, propose, tmp_path):
    ref, folder = photo(), tmp_path / "photos"
    shutil.copy(folder / "0.png", tmp_path / "0.JPG")
    shutil.copy(folder / "0.png", tmp_path / "0.photo")
    with Project.create(tmp_path / "work", images=[folder, tmp_path / "0.photo"]) as project:
        project.store.accept(ref, propose(), object="car")
        for path in (folder / "0.png", tmp_path / "0.JPG", tmp_path / "work" / ".." / "0.photo"):
            before = path.read_bytes()
            with pytest.raises(BadInput, match="is a picture"):
                project.export(format, path)
            assert path.read_bytes() == before
