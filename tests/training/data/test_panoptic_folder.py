"""Objects and parts of two panoptic files as one data set: whose a part is follows from where it lies."""

import json

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.training.data import problem
from semsam_annotate.training.data.readers import open_data
from semsam_annotate.training.data.record import OBJECT, PART

SIZE = 20
CAR, DOG, LEFT, MIDDLE, OUT = (slice(0, 10), slice(10, 20), slice(1, 4), slice(8, 12), slice(17, 20))
"""Columns; MIDDLE lies half in one, half in the other."""


@pytest.fixture
def folder(tmp_path):
    """A car and a dog, a part of each, a wheel between them, one in the dog, and a part of no object."""
    Image.fromarray(np.zeros((SIZE, SIZE, 3), np.uint8)).save(tmp_path / "a.png")
    write(tmp_path, "objects", ["car", "dog"], [(1, CAR, slice(0, 15)), (2, DOG, slice(0, 15))])
    rows = slice(2, 4), slice(5, 7), slice(8, 10), slice(11, 13), slice(16, 18)
    parts = [(1, LEFT, rows[0]), (2, OUT, rows[1]), (1, MIDDLE, rows[2]), (1, OUT, rows[3]), (3, LEFT, rows[4])]
    write(tmp_path, "parts", ["car:wheel", "dog:paw", "knob"], parts)
    return tmp_path


def write(folder, kind, names, segments, images=("a.png",)):
    ids = np.zeros((SIZE, SIZE, 3), np.uint8)
    for id, (_, columns, rows) in enumerate(segments, start=1):
        ids[rows, columns, 0] = id
    (folder / kind).mkdir(exist_ok=True)
    Image.fromarray(ids).save(folder / kind / "a.png")
    infos = [{"id": id, "category_id": category} for id, (category, _, _) in enumerate(segments, start=1)]
    content = {
        "images": [{"id": n, "file_name": name, "width": SIZE, "height": SIZE} for n, name in enumerate(images)],
        "annotations": [{"image_id": n, "file_name": "a.png", "segments_info": infos} for n in range(len(images))],
        "categories": [{"id": n, "name": name, "kind": kind[:-1]} for n, name in enumerate(names, start=1)],
    }
    (folder / f"{kind}.json").write_text(json.dumps(content))


def test_a_part_belongs_to_the_object_of_its_name_that_most_of_it_lies_in(folder):
    entry = open_data(folder).entry(0)
    assert entry.kinds == (OBJECT,) * 2 + (PART,) * 5
    assert entry.parents == (-1, -1, 0, 1, -1, -1, -1)
    assert entry.objects == ("car", "dog", "car", "dog", "car", "car", None)
    assert entry.problems == ()
    assert {"car", "dog"} < entry.exhaustive
    assert open_data(folder).vocabulary == Vocabulary(
        ["car", "dog"], ["knob", "paw", "wheel"], owners={"paw": ["dog"], "wheel": ["car"]}
    )


def test_a_part_of_any_object_takes_the_name_of_the_one_around(folder):
    write(folder, "parts", ["knob"], [(1, LEFT, slice(2, 4))])
    entry = open_data(folder).entry(0)
    assert (entry.parents[2], entry.objects[2], entry.parts[2]) == (0, "car", "knob")


def test_without_objects_the_parts_are_there(folder):
    write(folder, "objects", ["car"], [])
    entry = open_data(folder).entry(0)
    assert entry.kinds == (PART,) * 5
    assert set(entry.parents) == {-1}


def test_damage_of_either_file_is_told_once(folder):
    (folder / "parts" / "a.png").unlink()
    entry = open_data(folder).entry(0)
    assert entry.kinds == (OBJECT, OBJECT)
    assert len(entry.problems) == 1
    assert {"car", "dog"} == entry.exhaustive
    for name in ("objects.json", "parts.json"):
        (folder / name).write_text((folder / name).read_text().replace(f'"width": {SIZE}', '"width": 0'))
    assert [one.kind for one in open_data(folder).entry(0).problems] == [problem.NO_SIZE]


def test_files_of_other_images_are_not_put_together(folder):
    write(folder, "parts", ["knob"], [(1, LEFT, slice(2, 4))], ["a.png", "b.png"])
    with pytest.raises(BadInput, match=r"1 and 2.*open one after the other"):
        open_data(folder)
    Image.fromarray(np.zeros((SIZE, SIZE, 3), np.uint8)).save(folder / "b.png")
    write(folder, "parts", ["knob"], [(1, LEFT, slice(2, 4))], ["b.png"])
    with pytest.raises(BadInput, match=r"a\.png and b\.png"):
        open_data(folder).entry(0)
