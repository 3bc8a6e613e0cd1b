"""Other people's COCO files: every segmentation and naming is read; what is wrong is one line, nothing stored."""

import copy
import json
import os
from pathlib import Path

import numpy as np
import pytest

from semsam_annotate.annotations import read_import, store_import
from semsam_annotate.annotations.categories import Category, read_categories
from semsam_annotate.api import BadInput, decode_rle, encode_rle


def runs(mask):
    """Uncompressed RLE, written independently of the product."""
    flat, counts, value = mask.T.reshape(-1), [], False
    while flat.size:
        change = np.flatnonzero(flat != value)
        length = int(change[0]) if change.size else flat.size
        counts.append(length)
        flat, value = flat[length:], not value
    return {"size": list(mask.shape), "counts": counts}


@pytest.fixture
def document(photo, propose):
    ref = photo(0)
    mask = propose(0).mask
    square = [2.0, 2.0, 12.0, 2.0, 12.0, 10.0, 2.0, 10.0]
    rows = [
        {"category_id": 1, "segmentation": encode_rle(mask), "part_of": None, "score": 0.25},
        {"category_id": 2, "segmentation": runs(mask), "part_of": 1},
        {"category_id": 1, "segmentation": [square, [20, 2, 28, 2, 28, 9]]},
        {"category_id": 1, "segmentation": runs(mask), "iscrowd": 1},
        {"category_id": 1, "segmentation": runs(np.zeros_like(mask))},
    ]
    return {
        "images": [{"id": 7, "file_name": ref.path, "width": 32, "height": 24}],
        "categories": [
            {"id": 1, "name": "car", "kind": "object"},
            {"id": 2, "name": "car/front/door", "kind": "part"},
        ],
        "annotations": [{"id": number, "image_id": 7, **row} for number, row in enumerate(rows, start=1)],
    }


@pytest.fixture
def take(store, tmp_path):
    def read(document, format="coco"):
        path = tmp_path / "in.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        return store_import(store, read_import(format, path, tmp_path / "photos"))

    return read


def test_every_segmentation_is_read(document, take, store, propose):
    report = take(document)
    assert (report.added, report.crowds, report.empty, report.known) == (3, 1, 1, 0)
    car, door, drawn = store.annotations()
    assert np.array_equal(decode_rle(car.mask), propose(0).mask)
    assert door.mask == car.mask
    assert (door.kind, door.object, door.part, door.part_of) == ("part", "car", "front/door", car.id)
    assert (car.score, drawn.kind, drawn.object) == (0.25, "object", "car")
    shape = decode_rle(drawn.mask)
    assert shape[5, 5]
    assert shape[3, 26]
    assert not shape[15, 5]
    assert take(document).known == 3
    assert store.count(None) == 3
    assert "crowd" in report.line()


def test_paco_files_hang_parts_below_their_object(document, take, store):
    for row in document["annotations"]:
        row.pop("part_of", None)
        row["obj_ann_id"] = 1 if row["id"] == 2 else row["id"]
    document["categories"][1] = {"id": 2, "name": "car:door", "supercategory": "PART"}
    take(document, "parts")
    car, door, _ = store.annotations()
    assert (door.part, door.part_of) == ("door", car.id)


def test_names_are_split_where_they_name_a_part():
    rows = [
        {"id": 1, "name": "car"},
        {"id": 2, "name": "car/door"},
        {"id": 3, "name": "Monitor/TV"},
        {"id": 4, "name": "dog:ear"},
        {"id": 5, "name": "ear", "kind": "part"},
        {"id": 6, "name": "car/toy", "kind": "object"},
        {"id": 7, "name": "Monitor/TV:screen", "supercategory": "PART"},
    ]
    assert list(read_categories(rows).values()) == [
        Category("car"),
        Category("car", "door"),
        Category("Monitor/TV"),
        Category("dog", "ear"),
        Category("unlabelled", "ear"),
        Category("car/toy"),
        Category("Monitor/TV", "screen"),
    ]


BROKEN = [
    ("polygon of four", lambda d: d["annotations"][2].update(segmentation=[[1, 1, 5, 5]]), "polygon of 4 numbers"),
    ("odd polygon", lambda d: d["annotations"][2].update(segmentation=[[1, 1, 5, 5, 7, 7, 8]]), "annotation 3"),
    ("text polygon", lambda d: d["annotations"][2].update(segmentation=["x"]), "flat list"),
    ("no segmentation", lambda d: d["annotations"][2].pop("segmentation"), "no segmentation"),
    ("endless polygon", lambda d: d["annotations"][2].update(segmentation=[[1, 1, 9e99, 5, 7, 7]]), "annotation 3"),
    ("short runs", lambda d: d["annotations"][1]["segmentation"]["counts"].pop(), "does not fill"),
    ("cut rle", lambda d: d["annotations"][0]["segmentation"].update(counts="0"), "annotation 1"),
    ("rle size", lambda d: d["annotations"][0]["segmentation"].update(size=[1, 1]), "size"),
    ("category", lambda d: d["annotations"][1].update(category_id=9), "unknown category 9"),
    ("image id", lambda d: d["annotations"][1].update(image_id=9), "not listed"),
    ("parent", lambda d: d["annotations"][1].update(part_of=99), "part of 99"),
    ("circle", lambda d: d["annotations"][0].update(part_of=2), "circle"),
    ("twice", lambda d: d["annotations"][1].update(id=1), "comes twice"),
    ("text id", lambda d: d["annotations"][1].update(id="x"), "whole number"),
    ("missing images", lambda d: d["images"].append({"id": 8, "file_name": "gone.jpg"}), "gone.jpg"),
    ("outside", lambda d: d["images"].append({"id": 8, "file_name": "../in.json"}), "in.json"),
    ("size", lambda d: d["images"][0].update(width=31), "31x24"),
    ("image twice", lambda d: d["images"].append(dict(d["images"][0])), "twice"),
    ("no name", lambda d: d["categories"][0].pop("name"), "category"),
    ("no list", lambda d: d.update(annotations={}), "not a COCO file"),
    ("bad own", lambda d: d["annotations"][0].update(semsam={"id": 3}), "annotation 1"),
    ("own type", lambda d: d["annotations"][0].update(semsam=[1]), "annotation 1"),
]


@pytest.mark.parametrize(("change", "says"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_broken_file_is_one_line_and_changes_nothing(document, take, store, change, says):
    bad = copy.deepcopy(document)
    change(bad)
    with pytest.raises(BadInput, match=says) as caught:
        take(bad)
    assert "\n" not in str(caught.value)
    assert store.count(None) == 0
    assert store.images() == []


@pytest.mark.parametrize("text", ["", "[1, 2]", "{", "null", '{"images": [1], "annotations": [], "categories": []}'])
def test_what_is_not_coco_is_refused(take, text):
    with pytest.raises(BadInput):
        take(text)


def test_a_coco_file_is_no_part_json(document, take):
    with pytest.raises(BadInput, match="--format coco"):
        take(document, "parts")


def test_only_a_few_missing_images_are_named(document, take):
    document["images"] += [{"id": 100 + number, "file_name": f"gone{number}.jpg"} for number in range(50)]
    with pytest.raises(BadInput, match="50 of 51") as caught:
        take(document)
    assert len(str(caught.value)) < 300


@pytest.mark.skipif("SEMSAM_REFERENCE" not in os.environ, reason="set SEMSAM_REFERENCE to the reference folder")
def test_the_reference_photos_come_in(store):
    folder = Path(os.environ["SEMSAM_REFERENCE"]) / "data" / "parts"
    report = store_import(store, read_import("coco", folder / "val.json"))
    assert (report.images, report.added) == (180, 2347)
    assert sum(record.part_of is not None for record in store.annotations()) > 1900
