"""Published layouts come into a project with names as they are written and with the parents that they tell."""

import numpy as np
import pytest

from semsam_annotate.annotations import Project
from semsam_annotate.api import BadInput, decode_rle
from semsam_annotate.cli.importing import read_any

EXPECTED = {
    "coco": [("object", "dog", None, None), ("part", "dog", "ear", "dog")],
    "paco": [("object", "dog", None, None), ("part", "dog", "ear", "dog")],
    "lvis": [("object", "apron", None, None), ("object", "bow", None, None)],
    "panoptic": [("object", "dog", None, None), ("object", "wall-other-merged", None, None)],
    "partimagenet": [("object", "car", None, None), ("part", "car", "body", "car"), ("part", "car", "tier", "car")],
    "vlpart": [("part", "aeroplane", "body", None)],
    "sa1b": [("object", None, None, None), ("object", None, None, None)],
    "labelme": [("object", "dog", None, None), ("part", "dog", "ear", "dog")],
    "pascal_mat": [("object", "dog", None, None), ("part", "dog", "left front paw", "dog")],
}
PASSED = {
    "labelme": {"shapes without area": 1},
    "partimagenet": {"polygons of fewer than three points": 1},
}


def take_in(source, project):
    return project.take_in(read_any("auto", source, None, project.folder))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_published_layout_comes_in(name, layout, masks, tmp_path):
    source = layout(name)
    with Project.create(tmp_path / "project") as project:
        report = take_in(source, project)
        records = {record.id: record for record in project.store.annotations()}
        found = [
            (one.kind, one.object, one.part, records[one.part_of].object if one.part_of else None)
            for one in records.values()
        ]
        assert sorted(found, key=repr) == sorted(EXPECTED[name], key=repr)
        assert report.added == len(found)
        assert report.passed == PASSED.get(name, {})
        assert report.crowds == (name == "panoptic")
        largest = max((decode_rle(one.mask) for one in records.values()), key=np.sum)
        assert name in ("vlpart", "panoptic", "partimagenet") or np.array_equal(largest, masks[0])
        assert all(project.read(one.image).shape[:2] == masks[0].shape for one in records.values())
        assert take_in(source, project).added == 0


@pytest.mark.parametrize(("name", "says"), [("objects365", "boxes alone"), ("sa1b_tar", "unpack it")])
def test_what_has_no_masks_or_no_files_is_refused(name, says, layout, tmp_path):
    with Project.create(tmp_path / "project") as project:
        with pytest.raises(BadInput, match=says):
            take_in(layout(name), project)
        assert project.store.images() == []
