"""What is imported again, or comes back to where it was made, is there once; what was corrected meanwhile holds."""

import json

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations import Project
from semsam_annotate.api import encode_rle
from semsam_annotate.backend.label_studio.admin.tasks import tasks_format
from semsam_annotate.cli.importing import read_any

FILES = ("coco", "parts", "lvis", "pascal-part", "label-studio")
FOLDERS = ("labels", "datasets", "yolo", "panoptic")


def square(size, at=0):
    mask = np.zeros((24, 32), bool)
    mask[at : at + size, at : at + size] = True
    return mask


def take_in(project, source, images=None, format="auto"):
    return project.take_in(read_any(format, source, images, project.folder))


def export(project, format, out):
    project.export(tasks_format() if format == "label-studio" else format, out)
    return out


@pytest.fixture
def car(project, image, tmp_path):
    """An accepted object, its part and one without a name."""
    project.add_images([tmp_path / "photos"])
    made = project.store.accept(image, mask=square(9), object="car")
    project.store.accept(image, mask=square(4), part="wheel", part_of=made.id)
    project.store.accept(image, mask=square(5, 12))
    return made


@pytest.mark.parametrize("format", [*FILES, *FOLDERS])
@pytest.mark.parametrize("renamed", [False, True])
def test_what_was_made_here_is_known(renamed, format, car, project, tmp_path):
    if renamed:
        project.store.supersede(car.id, object="bus")
    before = [one.id for one in project.store.annotations()]
    out = export(project, format, tmp_path / ("out.json" if format in FILES else "out"))
    report = take_in(project, out, None if format in ("yolo", "datasets") else tmp_path / "photos")
    assert (report.added, report.known) == (0, {"lvis": 2, "pascal-part": 1}.get(format, 3))
    assert [one.id for one in project.store.annotations()] == before


@pytest.mark.parametrize("format", ["labels", "panoptic"])
def test_masks_that_were_cut_are_known(format, car, project, tmp_path):
    project.store.accept(car.image, mask=square(6), object="car")
    out = export(project, format, tmp_path / "out")
    assert take_in(project, out, tmp_path / "photos").added == 0


@pytest.mark.parametrize("format", ["lvis", "pascal-part", "panoptic", "labels", "datasets"])
def test_a_mask_is_the_same_in_every_format(format, car, project, tmp_path):
    suffix = dict.fromkeys(FILES, ".json")
    outs = [export(project, name, tmp_path / f"{name}{suffix.get(name, '')}") for name in (format, "coco")]
    with Project.create(tmp_path / "new") as new:
        for out in outs:
            take_in(new, out, None if out.name == "datasets" else tmp_path / "photos")
        assert sorted(one.id for one in new.store.annotations()) == sorted(
            one.id for one in project.store.annotations()
        )


@pytest.mark.parametrize("format", ["lvis", "labels", "label-studio"])
def test_masks_that_are_alike_stay_two_in_a_new_project(format, project, image, tmp_path):
    project.add_images([tmp_path / "photos"])
    for _ in range(2):
        project.store.accept(image, mask=square(9), object="car")
    out = export(project, format, tmp_path / ("out.json" if format in FILES else "out"))
    with Project.create(tmp_path / "new") as new:
        seen = 1 if format == "labels" else 2  # in a map one hides the other
        assert [take_in(new, out, tmp_path / "photos").added for _ in range(2)] == [seen, 0]


def test_a_plain_file_is_the_same_however_it_is_written(project, photo, tmp_path):
    photo()
    content = {
        "images": [{"id": 1, "file_name": "0.png", "width": 32, "height": 24}],
        "categories": [{"id": 1, "name": "car"}],
        "annotations": [
            {"id": id, "image_id": 1, "category_id": 1, "segmentation": [[1, 1, 9, 1, 9, 9, 1, 9]]} for id in (1, 2)
        ],
    }
    path = tmp_path / "photos" / "given.json"
    added = []
    for indent in (None, 1, 2):
        path.write_text(json.dumps(content, indent=indent))
        added.append(take_in(project, path).added)
    assert added == [2, 0, 0]


@pytest.mark.parametrize("missing", [{"iscrowd": 1}, {"segmentation": {"size": [24, 32], "counts": [768]}}])
def test_parents_that_do_not_come_in_are_counted(missing, project, photo, tmp_path):
    photo()
    mask = {"image_id": 1, "category_id": 1, "segmentation": [[1, 1, 9, 1, 9, 9, 1, 9]]}
    content = {
        "images": [{"id": 1, "file_name": "0.png", "width": 32, "height": 24}],
        "categories": [{"id": 1, "name": "car"}],
        "annotations": [{"id": 1, **mask, **missing}, {"id": 2, **mask, "part_of": 1}],
    }
    (tmp_path / "photos" / "given.json").write_text(json.dumps(content))
    report = take_in(project, tmp_path / "photos" / "given.json")
    assert (report.added, report.passed) == (1, {"parents that are crowd regions or empty masks": 1})


@pytest.mark.parametrize("format", ["datasets", "labels"])
def test_two_masks_with_one_id_are_two(format, car, project, photo, tmp_path):
    """Somebody mirrored images and copied their rows."""
    out, photos = export(project, format, tmp_path / "out"), tmp_path / "photos"
    first = out / "train" / "0.png" if format == "datasets" else photos / "0.png"
    Image.open(first).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(first.with_name("1.png"))
    if format == "datasets":
        row = json.loads((out / "train" / "metadata.jsonl").read_text())
        for item in row["objects"]:
            item["segmentation"] = encode_rle(square(6, 10))
        with (out / "train" / "metadata.jsonl").open("a") as file:
            file.write(json.dumps({**row, "file_name": "1.png"}) + "\n")
    else:
        legend = json.loads((out / "legend.json").read_text())
        legend["images"].append({**legend["images"][0], "file_name": "1.png"})
        (out / "legend.json").write_text(json.dumps(legend))
    with Project.create(tmp_path / "new") as new:
        images = None if format == "datasets" else photos
        assert [take_in(new, out, images).added for _ in range(2)] == [6, 0]
        assert len({one.image.sha256 for one in new.store.annotations()}) == 2
        assert sum(one.part_of is not None for one in new.store.annotations()) == 2


@pytest.fixture
def elsewhere(car, project, other, tmp_path):
    """Another project that took the first one's masks in and added a part."""
    take_in(other, export(project, "coco", tmp_path / "first.json"), tmp_path / "photos")
    other.store.accept(car.image, mask=square(2, 5), part="door", part_of=car.id)
    return other


@pytest.mark.parametrize("format", ["coco", "datasets", "labels"])
def test_a_part_goes_to_what_its_object_has_become(format, car, project, elsewhere, tmp_path):
    now = project.store.supersede(car.id, mask=square(10))
    out = export(elsewhere, format, tmp_path / ("back.json" if format in FILES else "back"))
    report = take_in(project, out, None if format == "datasets" else tmp_path / "photos")
    (door,) = (one for one in project.store.annotations() if one.part == "door")
    assert (report.added, report.passed, door.part_of) == (1, {}, now.id)


def test_a_part_whose_object_was_deleted_comes_without(car, project, elsewhere, tmp_path):
    project.store.delete(car.id)
    report = take_in(project, export(elsewhere, "coco", tmp_path / "back.json"), tmp_path / "photos")
    (door,) = (one for one in project.store.annotations() if one.part == "door")
    assert (report.added, report.passed, door.part_of) == (1, {"parents that are gone": 1}, None)
    assert door.object == "car"


def test_a_correction_takes_the_place_of_what_it_corrects(car, project, elsewhere, tmp_path):
    now = project.store.supersede(car.id, mask=square(10), author="ann")
    out = export(project, "coco", tmp_path / "second.json")
    assert [take_in(elsewhere, out, tmp_path / "photos").added for _ in range(2)] == [1, 0]
    records = {one.id: one for one in elsewhere.store.annotations()}
    assert (car.id in records, now.id in records, len(records)) == (False, True, 4)
    assert {one.part_of for one in records.values() if one.kind == "part"} == {now.id}
    assert elsewhere.store.get(car.id).status == "superseded"
    elsewhere.store.undo(now.id)
    assert elsewhere.store.get(car.id).status == "accepted"
