"""Export and import: lossless, the same bytes again, readable by pycocotools and by a loader of PACO's rules."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pycocotools.coco import COCO

from semsam_annotate.annotations import (
    AnnotationStore,
    ImageRef,
    Project,
    Source,
    read_image,
    read_import,
    store_import,
)
from semsam_annotate.annotations.exported_names import exported_names
from semsam_annotate.api import BadInput, Ladder, Prompt, decode_rle
from semsam_annotate.backend.label_studio.admin.tasks import tasks_format

FIELDS = st.fixed_dictionaries(
    {"object": st.sampled_from([None, "car", "Monitor/TV", "größe"]), "part": st.sampled_from([None, "wheel", "rim"])},
    optional={
        "author": st.sampled_from(["ann", "böb"]),
        "seconds": st.floats(0, 1e6),
        "clicks": st.integers(0, 99),
        "edits": st.integers(0, 99),
        "review": st.sampled_from(["open", "done"]),
        "track": st.text("abc", min_size=1, max_size=3),
        "prompt": st.just(Prompt(points=[(1.5, 2.25)], box=(0, 0, 5, 6))),
    },
)
SCENES = st.lists(st.tuples(FIELDS, st.integers(0, 5), st.integers(0, 2), st.booleans()), min_size=1, max_size=7)


def fill(store, refs, propose, scene):
    """Accept a scene of (facts, seed, image, hangs below the last one) entries."""
    last = {}
    for number, (facts, seed, which, below) in enumerate(scene):
        ref = refs[which]
        parent = last.get(which) if below else None
        known = {"source": Source("hook", "1", str(number)), "plane": (which,) if which == 2 else ()}
        made = store.accept(
            ref, propose(seed), part_of=parent, ladder=Ladder([propose(seed), propose(seed + 1)]), **known, **facts
        )
        last[which] = made.id
    return store


def paco(path):
    """A loader after the published rules: objects by id with their parts, as VLPart and the PACO API need them."""
    data = json.loads(path.read_text(encoding="utf-8"))
    for key in ("attributes", "attr_type_to_attr_idxs", "joint_obj_attribute_categories", "part_categories"):
        assert key in data
    objects = {row["name"] for row in data["categories"] if row["supercategory"] == "OBJECT"}
    for row in data["categories"]:
        assert row["id"] >= 1
        assert row["supercategory"] == ("PART" if ":" in row["name"] else "OBJECT")
        assert row["name"].split(":", 1)[0] in objects
        assert {"synset", "frequency", "image_count", "instance_count"} <= set(row)
    names = {row["id"]: row["name"] for row in data["categories"]}
    images = {row["id"]: row for row in data["images"]}
    rows = {row["id"]: row for row in data["annotations"]}
    assert (len(names), len(rows)) == (len(data["categories"]), len(data["annotations"]))
    parts = {}
    for id, row in rows.items():
        owner = rows[row["obj_ann_id"]]
        assert id >= 1
        assert row["bbox"][2] > 0
        assert row["bbox"][3] > 0
        assert not row.get("ignore")
        assert row["segmentation"]["size"] == [images[row["image_id"]]["height"], images[row["image_id"]]["width"]]
        assert owner["image_id"] == row["image_id"]
        assert names[row["category_id"]].split(":", 1)[0] == names[owner["category_id"]]
        assert all(row[f"unknown_{kind}"] == 1 for kind in data["attr_type_to_attr_idxs"])
        if row["obj_ann_id"] != id:
            assert ":" in names[row["category_id"]]
            parts.setdefault(owner["id"], []).append(names[row["category_id"]].split(":", 1)[1])
    return parts


@hypothesis_settings(max_examples=12)
@given(scene=SCENES)
@pytest.mark.parametrize("format", ["coco", "parts"])
def test_export_import_export_gives_the_same_bytes(format, scene, tmp_path_factory, photo, propose, tmp_path):
    folder = tmp_path_factory.mktemp("exchange")
    first, second = folder / "1.json", folder / "2.json"
    refs = [photo(seed) for seed in range(4)]
    with AnnotationStore.open(folder / "a.sqlite") as store:
        fill(store, refs, propose, scene)
        store.register(refs[3])
        store.splits.assign(refs[3].sha256, "validation", "walk")
        before = store.annotations()
        try:
            report = store.export(format, first)
        except BadInput:
            assert format == "parts"
            assert not first.exists()
            return
    with AnnotationStore.open(folder / "b.sqlite") as store:
        content = read_import(format, first, tmp_path / "photos")
        assert store_import(store, content).added == report.objects + report.parts
        store.export(format, second)
        assert store_import(store, content).added == 0
        after = {record.id: record for record in store.annotations()}
    assert first.read_bytes() == second.read_bytes()
    assert report.left_out == len(before) - len(after)
    assert all(after[record.id] == record for record in before if record.id in after)
    if format == "parts":
        paco(first)


def loaded(path, capsys):
    coco = COCO(str(path))
    capsys.readouterr()
    return coco


@pytest.mark.parametrize("format", ["coco", "parts"])
def test_pycocotools_sees_the_same_masks(format, store, image, propose, tmp_path, capsys):
    car = store.accept(image, propose(0), object="car")
    wheel = store.accept(image, propose(1), part="wheel", part_of=car.id)
    rim = store.accept(image, propose(2), part="rim", part_of=wheel.id)
    store.export(format, tmp_path / "out.json")
    coco = loaded(tmp_path / "out.json", capsys)
    assert {row["name"] for row in coco.cats.values()} == {"car", "car:wheel", "car:rim"}
    by_uuid = {row["semsam"]["id"]: row for row in coco.anns.values()}
    for record in (car, wheel, rim):
        assert np.array_equal(coco.annToMask(by_uuid[record.id]), decode_rle(record.mask))
        assert by_uuid[record.id]["area"] == decode_rle(record.mask).sum()
    assert by_uuid[rim.id]["part_of"] == by_uuid[wheel.id]["id"]
    if format == "parts":
        assert by_uuid[rim.id]["obj_ann_id"] == by_uuid[car.id]["id"]
        assert paco(tmp_path / "out.json") == {by_uuid[car.id]["id"]: ["wheel", "rim"]}


def test_parts_without_an_object_are_left_out_and_counted(store, image, propose, tmp_path):
    car = store.accept(image, propose(0), object="car")
    door = store.accept(image, propose(1), part="door", part_of=car.id)
    store.accept(image, propose(2), object="car", part="wheel")
    assert store.export("parts", tmp_path / "out.json").left_out == 1
    store.delete(car.id)
    with pytest.raises(BadInput, match="without an object"):
        store.export("parts", tmp_path / "none.json")
    assert not (tmp_path / "none.json").exists()
    assert store.export("coco", tmp_path / "coco.json").parts == 2
    assert door.part_of == car.id


def test_what_was_not_accepted_is_not_exported(store, image, propose, tmp_path):
    with pytest.raises(BadInput, match="no accepted annotations"):
        store.export("coco", tmp_path / "out.json")
    store.reject(image, propose(0), object="car")
    old = store.accept(image, propose(1), object="car")
    store.supersede(old.id, object="bus")
    store.export("coco", tmp_path / "out.json")
    data = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert [row["name"] for row in data["categories"]] == ["bus"]
    assert len(data["annotations"]) == 1


def test_no_home_folder_travels(store, image, propose, tmp_path):
    outside = [type(image)(str(n) * 64, f"/home/ann/{name}", 24, 32) for n, name in ((1, "a/x.png"), (2, "b/x.png"))]
    for ref in outside:
        store.accept(ref, propose())
    store.export("coco", tmp_path / "out.json")
    names = [row["file_name"] for row in json.loads((tmp_path / "out.json").read_text())["images"]]
    assert sorted(names) == ["a/x.png", "b/x.png"]


def test_export_never_leaves_half_a_file(store, image, propose, tmp_path):
    store.accept(image, propose())
    for bad in (tmp_path / "missing" / "a.json", tmp_path):
        with pytest.raises(BadInput):
            store.export("coco", bad)
    with pytest.raises(BadInput, match="coco, parts"):
        store.export("nonsense", tmp_path / "a.json")
    assert not list(tmp_path.rglob("*.json*"))


@pytest.mark.parametrize("named", ["sub/1.png", "1.png"])
def test_a_file_fits_the_folder_that_the_project_knows(named, photo, propose, tmp_path):
    """Photos outside of the project, in folders below one that belongs to it: their names go on from there."""
    ref, folder = photo(1, named), tmp_path / "photos"
    path = folder / named
    with Project.create(tmp_path / "project", images=[folder]) as project:
        project.store.accept(project.ref(path, read_image(path)), propose(), object="car")
        project.export("coco", tmp_path / "out.json")
    (row,) = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["images"]
    assert row["file_name"] == named
    with Project.create(tmp_path / "new") as new:
        assert new.import_file("coco", tmp_path / "out.json", folder).added == 1
        assert [one.sha256 for one in new.store.images()] == [ref.sha256]


@pytest.mark.parametrize("format", ["coco", "parts", "pascal-part", "label-studio"])
def test_a_part_is_named_after_what_its_object_is_called_now(format, store, image, propose, tmp_path):
    car = store.accept(image, propose(), object="car")
    door = store.accept(image, propose(1), part="door", part_of=car.id)
    store.accept(image, propose(2), part="handle", part_of=door.id)
    store.supersede(car.id, object="bus")
    store.export(tasks_format() if format == "label-studio" else format, tmp_path / "out.json")
    text = (tmp_path / "out.json").read_text(encoding="utf-8")
    assert ("bus:door" in text, "bus:handle" in text, "car:" in text) == (True, True, False)
    if format == "coco":
        with AnnotationStore.open(tmp_path / "new.sqlite") as new:
            store_import(new, read_import(format, tmp_path / "out.json", tmp_path / "photos"))
            assert {one.part: one.object for one in new.annotations()} == {None: "bus", "door": "car", "handle": "car"}


def test_names_are_as_long_as_it_takes():
    refs = [
        ImageRef(f"{place}", path, 1, 1)
        for place, path in enumerate(["x.png", "/p/x.png", "/q/x.png", "/p/y.png", "/q/s/z.png", "C:/r/x.png", "/y"])
    ]
    told = exported_names(refs, ["q", "/q", "C:/r"])
    assert list(map(told.get, "0123456")) == ["x.png", "p/x.png", "q/x.png", "y.png", "s/z.png", "r/x.png", "y"]
    assert exported_names([ImageRef("s", "/x", 1, 1), ImageRef("t", "x", 1, 1)]) == {"s": "s/x", "t": "x"}
    assert exported_names([ImageRef("s", "/p/x", 1, 1)], ["/p/x"]) == {"s": "x"}
    assert exported_names(reversed(refs), ["/q"]) == exported_names(refs, ["/q"])
    twice = [ImageRef("s", "p/x", 1, 1), ImageRef("t", "p/x", 1, 1)]
    assert exported_names(twice) == {"s": "s/x", "t": "t/x"}
