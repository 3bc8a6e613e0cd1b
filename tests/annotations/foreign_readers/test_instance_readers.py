"""pycocotools, lvis, datumaro and supervision read files with images, annotations and categories."""

from collections import Counter
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

lvis = pytest.importorskip("lvis", reason="run by tools/foreign_readers.sh in an environment of its own")
datumaro = pytest.importorskip("datumaro", reason="run by tools/foreign_readers.sh in an environment of its own")
supervision = pytest.importorskip("supervision", reason="run by tools/foreign_readers.sh in an environment of its own")

from pycocotools.coco import COCO  # noqa: E402

KEPT = {
    "coco": lambda fact: True,
    "parts": lambda fact: fact.owner is not None,
    "lvis": lambda fact: not fact.is_part,
    "pascal-part": lambda fact: fact.is_part and not fact.name.startswith("unlabelled:"),
}
FILES = pytest.mark.parametrize("format", KEPT)


def expected(exported, format):
    return [fact for fact in exported.facts.values() if KEPT[format](fact)]


def told(image, name, box, mask):
    """Name of the image file, category, box as (x, y, width, height), pixels: as Counter can compare it."""
    return Path(image).name, name, tuple(float(value) for value in box), pixels(mask)


def pixels(mask):
    return sha256(np.ascontiguousarray(mask, bool)).hexdigest()


def facts_told(facts):
    return Counter(told(fact.image, fact.name, fact.box, fact.mask) for fact in facts)


@FILES
def test_pycocotools(exported, format, capsys):
    coco = COCO(str(exported.folder / format))
    names = {id: row["name"] for id, row in coco.cats.items()}
    found = Counter(
        told(coco.imgs[row["image_id"]]["file_name"], names[row["category_id"]], row["bbox"], coco.annToMask(row))
        for row in coco.anns.values()
    )
    facts = expected(exported, format)
    assert found == facts_told(facts)
    assert len(coco.anns) == len(facts) == exported.reports[format].objects + exported.reports[format].parts
    if format != "pascal-part":  # there the area is the box's, as VLPart has it
        assert all(row["area"] == coco.annToMask(row).sum() for row in coco.anns.values())
    assert sorted(coco.getAnnIds()) == sorted(coco.anns)
    assert {fact.name for fact in facts} <= {names[id] for id in coco.getCatIds()}


@pytest.mark.parametrize("format", ["lvis", "parts"])
def test_lvis(exported, format):
    file = lvis.LVIS(str(exported.folder / format))
    names = {row["id"]: row["name"] for row in file.load_cats(file.get_cat_ids())}
    images = {row["id"]: row for row in file.load_imgs(file.get_img_ids())}
    rows = file.load_anns(file.get_ann_ids(img_ids=file.get_img_ids()))
    found = Counter(
        told(images[row["image_id"]]["file_name"], names[row["category_id"]], row["bbox"], file.ann_to_mask(row))
        for row in rows
    )
    assert found == facts_told(expected(exported, format))
    for row in file.load_cats(file.get_cat_ids()):
        of_it = [one for one in rows if one["category_id"] == row["id"]]
        assert row["instance_count"] == len(of_it)
        assert row["image_count"] == len({one["image_id"] for one in of_it})
        assert row["frequency"] == ("r" if row["image_count"] < 11 else "c" if row["image_count"] < 101 else "f")


def test_lvis_scores_a_perfect_answer_as_perfect(exported, monkeypatch):
    monkeypatch.setattr(np, "float", float, raising=False)  # lvis 0.5.3 still calls it by its old name
    path = exported.folder / "lvis"
    truth = lvis.LVIS(str(path))
    answers = [
        {
            "image_id": row["image_id"],
            "category_id": row["category_id"],
            "segmentation": row["segmentation"],
            "score": 1,
        }
        for row in truth.anns.values()
    ]
    evaluation = lvis.LVISEval(truth, lvis.LVISResults(truth, answers, max_dets=-1), "segm")
    evaluation.params.max_dets = -1
    evaluation.run()
    assert evaluation.get_results()["AP"] == pytest.approx(1)


def test_owners_and_parents_of_part_json(exported):
    file = lvis.LVIS(str(exported.folder / "parts"))
    ids = {row["id"]: row["semsam"]["id"] for row in file.anns.values()}
    for id, row in file.anns.items():
        fact = exported.facts[ids[id]]
        assert ids[row["obj_ann_id"]] == fact.owner
        assert ids.get(row["part_of"]) == fact.parent
    parts = [row for row in file.anns.values() if row["obj_ann_id"] != row["id"]]
    assert len(parts) == exported.reports["parts"].parts > 0


@pytest.fixture
def coco_folder(exported, tmp_path):
    """A file where datumaro looks for it: ``annotations/NAME`` beside ``images``."""

    def make(format, name):
        (tmp_path / "annotations").mkdir()
        (tmp_path / "annotations" / name).symlink_to(exported.folder / format)
        (tmp_path / "images").symlink_to(exported.images)
        return tmp_path

    return make


@FILES
def test_datumaro(exported, format, coco_folder):
    folder = coco_folder(format, "instances_all.json")
    data = datumaro.Dataset.import_from(str(folder), "coco_instances")
    labels = data.categories()[datumaro.AnnotationType.label]
    found = Counter()
    for item in data:
        assert Path(item.media.path).is_file()
        boxes = {one.id: one.get_bbox() for one in item.annotations if one.type == datumaro.AnnotationType.bbox}
        for mask in item.annotations:
            if mask.type == datumaro.AnnotationType.mask:
                found[told(item.media.path, labels[mask.label].name, boxes[mask.id], mask.image)] += 1
    assert found == facts_told(expected(exported, format))


@FILES
def test_supervision(exported, format):
    data = supervision.DetectionDataset.from_coco(str(exported.images), str(exported.folder / format), force_masks=True)
    found = Counter()
    for path, _, detections in data:
        for box, mask, label in zip(detections.xyxy, detections.mask, detections.class_id, strict=True):
            sides = [box[0], box[1], box[2] - box[0], box[3] - box[1]]
            found[told(path, data.classes[label], sides, mask)] += 1
    assert found == facts_told(expected(exported, format))
