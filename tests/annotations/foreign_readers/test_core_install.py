"""The core install, without torch, takes in again what it wrote, whatever the format."""

import sys

import pytest

pytest.importorskip("lvis", reason="run by tools/foreign_readers.sh in an environment of its own")

from semsam_annotate.annotations import Project
from semsam_annotate.cli.importing import read_any

SOURCES = {
    "coco": ["coco"],
    "parts": ["parts"],
    "lvis": ["lvis.json"],
    "pascal-part": ["pascal-part.json"],
    "panoptic": ["panoptic/objects.json", "panoptic/parts.json"],
    "labels": ["labels"],
    "yolo": ["yolo"],
    "datasets": ["datasets"],
}


@pytest.mark.parametrize("format", SOURCES)
def test_what_was_written_comes_in_without_torch(exported, format, tmp_path):
    report, added = exported.reports[format], 0
    if SOURCES[format] == [f"{format}.json"]:
        (exported.folder / f"{format}.json").write_bytes((exported.folder / format).read_bytes())
    with Project.create(tmp_path / "new") as project:
        for source in SOURCES[format]:
            content = read_any(format, exported.folder / source, exported.images, project.folder)
            added += project.take_in(content).added
        assert added == report.objects + report.parts == project.store.count()
    assert "torch" not in sys.modules
