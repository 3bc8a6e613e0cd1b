"""A registered project is standard dicts, as detectron2's documentation describes them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from semsam_annotate.annotations import Project, read_image
from semsam_annotate.api import BadInput, decode_rle
from semsam_annotate.detectron2.datasets import register_project


def check_standard(row, classes, box_mode):
    """What docs/tutorials/datasets asks of a dict of instance segmentation."""
    assert Path(row["file_name"]).is_absolute()
    assert read_image(row["file_name"]).shape[:2] == (row["height"], row["width"])
    assert isinstance(row["image_id"], int | str)
    for one in row["annotations"]:
        x0, y0, x1, y1 = one["bbox"]
        assert one["bbox_mode"] is box_mode.XYXY_ABS
        assert 0 <= x0 < x1 <= row["width"]
        assert 0 <= y0 < y1 <= row["height"]
        assert 0 <= one["category_id"] < len(classes)
        assert type(one["category_id"]) is int
        assert one["segmentation"].keys() == {"size", "counts"}
        mask = coco_mask.decode(one["segmentation"])
        assert mask.shape == (row["height"], row["width"])
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert [x0, y0, x1, y1] == [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        assert one["iscrowd"] == 0


def test_a_project_is_two_data_sets(project_of, d2):
    folder = project_of()
    report = register_project(folder)
    assert report.names == ("shop_train", "shop_val")
    data = {name: d2.data.DatasetCatalog.get(name) for name in report.names}
    assert [len(rows) for rows in data.values()] == [2, 1]
    with Project.open(folder) as project:
        records = {record.id: record for record in project.store.annotations()}
    told = {one["semsam_id"]: one for rows in data.values() for row in rows for one in row["annotations"]}
    assert told.keys() == records.keys()
    assert report.masks == len(records)
    by_number = {one["id"]: id for id, one in told.items()}
    assert len(by_number) == len(told)
    for id, one in told.items():
        record, above = records[id], records[id]
        assert np.array_equal(coco_mask.decode(one["segmentation"]).astype(bool), decode_rle(record.mask))
        while above.kind == "part" and above.part_of:
            above = records[above.part_of]
        assert by_number.get(one["obj_ann_id"]) == (above.id if above.kind == "object" else None)
        assert by_number.get(one["part_of"]) == record.part_of
        name = (above.object or "unlabelled") + (f":{record.part or 'unlabelled'}" if record.kind == "part" else "")
        assert report.classes[one["category_id"]] == name
        assert (one["level"], one["score"]) == (2, 0.5)
    for rows in data.values():
        for row in rows:
            check_standard(row, report.classes, d2.structures.BoxMode)
    assert len({row["image_id"] for rows in data.values() for row in rows}) == 3


def test_what_is_alike_shares_its_split_and_a_refusal_draws_none(project_of, d2):
    folder = project_of(1)
    with Project.open(folder) as project:
        original = read_image(project.images()[0])
        for number in range(12):
            path = folder.parent / "photos" / f"copy {number} of it.png"
            Image.fromarray(np.clip(original.astype(int) + number % 3, 0, 255).astype(np.uint8)).save(path)
            ref = project.ref(path, read_image(path))
            project.store.accept(ref, mask=np.eye(ref.height, ref.width) > 0, object="car")
        before = project.store.splits.all()
        d2.data.DatasetCatalog.register("taken_val", list)
        with pytest.raises(BadInput, match="taken_val already"):
            register_project(folder, "taken")
        assert project.store.splits.all() == before
        register_project(folder)
        assert {split.split for split in project.store.splits.all().values()} == {"validation"}


def test_metadata_are_the_same_for_both_and_fit_exported_coco(project_of, d2, tmp_path):
    import json

    folder = project_of()
    report = register_project(folder, "named")
    train, val = (d2.data.MetadataCatalog.get(name) for name in report.names)
    for key in ("thing_classes", "thing_colors", "thing_dataset_id_to_contiguous_id", "part_to_object"):
        assert train.get(key) == val.get(key)
    with Project.open(folder) as project:
        project.export("coco", tmp_path / "out.json")
    exported = {row["id"]: row["name"] for row in json.loads((tmp_path / "out.json").read_text())["categories"]}
    contiguous = train.get("thing_dataset_id_to_contiguous_id")
    assert {id: train.get("thing_classes")[number] for id, number in contiguous.items()} == exported
    assert sorted(contiguous.values()) == list(range(len(exported)))
    for part, owner in train.get("part_to_object").items():
        assert train.get("thing_classes")[part].startswith(train.get("thing_classes")[owner] + ":")
    assert all(0 <= value <= 255 for colour in train.get("thing_colors") for value in colour)


def test_the_same_data_at_every_call_whatever_became_of_them(project_of, d2):
    folder = project_of(2)
    (train, _) = register_project(folder).names
    first = d2.data.DatasetCatalog.get(train)
    kept = repr(first)
    first[0]["annotations"].clear()
    with Project.open(folder) as project:
        project.store.delete(project.store.annotations()[0].id)
    assert repr(d2.data.DatasetCatalog.get(train)) == kept


def test_what_cannot_be_registered(project_of, tmp_path):
    register_project(project_of(2))
    with pytest.raises(BadInput, match="another name"):
        register_project(tmp_path / "project")
    Project.create(tmp_path / "empty").close()
    with pytest.raises(BadInput, match="no accepted masks"):
        register_project(tmp_path / "empty")


def test_masks_in_planes_and_tests_are_told_apart(project_of, d2):
    folder = project_of(2)
    with Project.open(folder) as project:
        ref = project.store.images()[0]
        project.store.accept(ref, mask=np.ones((96, 96), bool), object="car", plane=(3,))
    report = register_project(folder)
    assert report.left_out == 1
    with Project.open(folder) as project:
        assert report.masks == project.store.count() - 1


def test_without_detectron2_one_line_says_how_to_get_it(root):
    script = (
        "import semsam_annotate.detectron2 as room\n"
        "assert 'register_project' in dir(room)\n"
        "from semsam_annotate.api import BadInput\n"
        "asked = [lambda: room.register_project('x'), lambda: room.SemsamEvaluator, lambda: room.SemsamPredictor()]\n"
        "for ask in asked:\n"
        "    try:\n"
        "        ask()\n"
        "    except BadInput as error:\n"
        "        assert 'github.com/facebookresearch/detectron2' in str(error)\n"
        "    else:\n"
        "        raise AssertionError(ask)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
