"""Formats that cannot carry everything: what comes back through the readers, and what the message says is lost."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from semsam_annotate.annotations import AnnotationStore
from semsam_annotate.annotations.formats.outline import one_polygon, rings
from semsam_annotate.annotations.segmentation import segmentation_rle
from semsam_annotate.api import BadInput, decode_rle
from semsam_annotate.training.data.readers.recognise import open_data

NAMES = {"object": st.sampled_from([None, "car", "größe"]), "part": st.sampled_from([None, "wheel", "rim"])}
MASKS = st.tuples(st.integers(0, 7), st.integers(0, 2), st.booleans(), st.fixed_dictionaries(NAMES))
SCENES = st.lists(MASKS, min_size=1, max_size=8)


@pytest.fixture
def scenes(tmp_path_factory, photo, propose):
    """Stores with a scene of (seed, image, hangs below the last one, names) entries."""

    def make(scene):
        folder = tmp_path_factory.mktemp("formats")
        refs, last = [photo(seed) for seed in range(3)], {}
        with AnnotationStore.open(folder / "a.sqlite") as store:
            for seed, which, below, names in scene:
                made = store.accept(refs[which], propose(seed), part_of=last.get(which) if below else None, **names)
                last[which] = made.id
        return folder

    return make


def records_of(folder):
    with AnnotationStore.open(folder / "a.sqlite") as store:
        return sorted(store.annotations(), key=lambda record: (record.time, record.id))


def export(folder, format, name, pictures=None):
    with AnnotationStore.open(folder / "a.sqlite") as store:
        return store.export(format, folder / name, picture=lambda ref: pictures / ref.path)


def visible(records):
    """What is left of every mask under the smaller ones, of one size under the later ones: (record, pixels)."""
    masks = [decode_rle(record.mask) for record in records]
    places = [
        (record.image, record.kind, -mask.sum(), n) for n, (record, mask) in enumerate(zip(records, masks, strict=True))
    ]
    left = []
    for record, mask, place in zip(records, masks, places, strict=True):
        above = [masks[n] for n, other in enumerate(places) if other[:2] == place[:2] and other[2:] > place[2:]]
        seen = mask & ~np.any([np.zeros_like(mask), *above], axis=0)
        left += [(record, seen)] if seen.any() else []
    return left


def told(record, mask):
    return record.image.path, int(record.kind == "part"), record.part, mask.tobytes()


def read(path, pictures):
    """The masks of a data set as ``told``."""
    found = []
    for entry in open_data(path, images=pictures):
        sample = entry.load()
        assert not entry.problems
        for mask, kind, part in zip(sample.masks, sample.kinds, sample.parts, strict=True):
            found.append((entry.path.name, int(kind), None if part == "unlabelled" else part, mask.tobytes()))
    return sorted(found, key=repr)


@hypothesis_settings(max_examples=8)
@given(scene=SCENES)
def test_label_maps_hold_what_can_be_seen(scene, scenes, tmp_path):
    folder = scenes(scene)
    records, report = records_of(folder), export(folder, "labels", "maps")
    seen = visible(records)
    assert read(folder / "maps", tmp_path / "photos") == sorted((told(*pair) for pair in seen), key=repr)
    assert report.objects + report.parts == len(seen)
    assert report.not_carried.get("masks hidden by smaller ones", 0) == len(records) - len(seen)
    cut = sum(not np.array_equal(decode_rle(record.mask), mask) for record, mask in seen)
    assert report.not_carried.get("masks cut by smaller ones above them", 0) == cut
    assert "scores" not in report.not_carried


@hypothesis_settings(max_examples=8)
@given(scene=SCENES)
def test_panoptic_files_hold_what_can_be_seen(scene, scenes, tmp_path):
    folder = scenes(scene)
    records, report = records_of(folder), export(folder, "panoptic", "maps")
    found = [mask for kind in ("objects", "parts") for mask in read(folder / f"maps/{kind}.json", tmp_path / "photos")]
    seen = visible(records)
    assert sorted(found, key=repr) == sorted((told(*pair) for pair in seen), key=repr)
    assert report.not_carried.get("scores", 0) == len(seen)
    assert report.not_carried.get("parents", 0) == sum(record.part_of is not None for record, _ in seen)


@hypothesis_settings(max_examples=8)
@given(scene=SCENES)
@pytest.mark.parametrize(("format", "kind"), [("lvis", "object"), ("pascal-part", "part")])
def test_files_of_one_kind_hold_all_of_it_with_overlaps_and_holes(format, kind, scene, scenes, tmp_path):
    folder = scenes(scene)
    records = records_of(folder)
    if not any(record.kind == kind and (kind == "object" or record.object) for record in records):
        with pytest.raises(BadInput, match="nothing to export as"):
            export(folder, format, "out.json")
        assert not (folder / "out.json").exists()
        return
    report = export(folder, format, "out.json")
    kept = [told(record, decode_rle(record.mask)) for record in records if record.kind == kind]
    found = read(folder / "out.json", tmp_path / "photos")
    lost = report.not_carried.get("parts without an object", 0) if kind == "part" else 0
    assert len(found) == len(kept) - lost
    assert set(found) <= set(kept)
    content = json.loads((folder / "out.json").read_text(encoding="utf-8"))
    images = {row["image_id"] for row in content["annotations"]}
    assert (report.images, sorted(row["id"] for row in content["images"])) == (len(images), sorted(images))
    other = "objects" if kind == "part" else "parts"
    assert report.not_carried.get(other, 0) == len(records) - len(kept)
    assert f"{report.not_carried.get(other, 0)} {other}" in report.line() or len(records) == len(kept)


@hypothesis_settings(max_examples=8)
@given(scene=SCENES)
@pytest.mark.parametrize("format", ["yolo", "datasets"])
def test_folders_with_images_hold_every_mask_to_the_pixel(format, scene, scenes, tmp_path):
    folder = scenes(scene)
    records, report = records_of(folder), export(folder, format, "out", tmp_path / "photos")
    assert read(folder / "out", None) == sorted((told(record, decode_rle(record.mask)) for record in records), key=repr)
    copies = {path.name: path.read_bytes() for path in (folder / "out").rglob("*.png")}
    assert copies == {name: (tmp_path / "photos" / name).read_bytes() for name in {row.image.path for row in records}}
    bridged = report.not_carried.get("masks whose holes or pieces are joined by bridges", 0)
    assert bridged == (len(records) if format == "yolo" else 0)


@given(bits=st.integers(1, 2**42 - 1))
def test_one_polygon_fills_to_the_mask(bits):
    mask = np.array([bits >> place & 1 for place in range(42)], bool).reshape(6, 7)
    ring, bridges = one_polygon(mask)
    assert np.array_equal(decode_rle(segmentation_rle([[float(value) for pair in ring for value in pair]], 6, 7)), mask)
    assert bridges == len(rings(mask)) - 1


def test_splits_are_folders(store, photo, propose, tmp_path):
    for number, split in enumerate(["train", "validation", "test"]):
        image = photo(number)
        store.accept(image, propose(number), object="car")
        store.splits.assign(image.sha256, split)
    for format in ("yolo", "datasets"):
        store.export(format, tmp_path / format, picture=lambda ref: tmp_path / "photos" / ref.path)
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.png") if "photos" not in path.parts)
    assert found == [
        "datasets/test/2.png",
        "datasets/train/0.png",
        "datasets/validation/1.png",
        "yolo/images/test/2.png",
        "yolo/images/train/0.png",
        "yolo/images/val/1.png",
    ]
    with pytest.raises(BadInput, match="export it from a project"):
        store.export("yolo", tmp_path / "again")


def test_yolo_needs_no_folders_below_its_splits(store, photo, propose, tmp_path):
    for number, name in enumerate(["a/x.png", "b/x.png", "b_x.png", "b/X.png"]):
        store.accept(photo(number, name), propose(number), object="car")
    store.export("yolo", tmp_path / "out", picture=lambda ref: tmp_path / "photos" / ref.path)
    for folder, ending in (("images", ".png"), ("labels", ".txt")):
        found = [path.name.removesuffix(ending) for path in sorted((tmp_path / "out" / folder / "train").iterdir())]
        assert len({name.lower() for name in found}) == 4
    assert len(read(tmp_path / "out", None)) == 4


def test_parents_come_back_from_label_maps(store, image, propose, tmp_path):
    car = store.accept(image, propose(0), object="car")
    store.accept(image, propose(3), part="wheel", part_of=car.id)
    report = store.export("labels", tmp_path / "maps")
    assert report.not_carried == {}
    (entry,) = open_data(tmp_path / "maps", images=tmp_path / "photos")
    assert (entry.objects, entry.parts, entry.parents) == (("car", "car"), (None, "wheel"), (-1, 0))


def test_a_folder_is_there_whole_or_not_at_all(store, image, propose, tmp_path, monkeypatch):
    store.accept(image, propose(0), object="car")
    monkeypatch.setattr("semsam_annotate.annotations.formats.label_maps.LEGEND", "missing/legend.json")
    with pytest.raises(BadInput, match="missing"):
        store.export("labels", tmp_path / "maps")
    assert not [path for path in tmp_path.iterdir() if "maps" in path.name]
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "mine.txt").write_text("mine")
    with pytest.raises(BadInput, match="there already"):
        store.export("labels", tmp_path / "maps")
    assert [path.name for path in (tmp_path / "maps").iterdir()] == ["mine.txt"]
    with pytest.raises(BadInput, match="does not exist"):
        store.export("labels", tmp_path / "nowhere" / "maps")


def test_values_of_label_maps_are_16_bits_and_the_legend_names_them(store, image, propose, tmp_path):
    from PIL import Image

    masks = np.zeros((300, 24, 32), bool)
    masks.reshape(300, -1)[np.arange(300), np.arange(300)] = True
    for mask in masks:
        store.accept(image, propose(mask=mask), object="dot")
    store.export("labels", tmp_path / "maps")
    legend = json.loads((tmp_path / "maps/legend.json").read_text(encoding="utf-8"))
    with Image.open(tmp_path / "maps" / legend["images"][0]["object_map"]) as file:
        values = np.asarray(file)
    assert (values.dtype, values.max()) == (np.uint16, 300)
    assert [row["value"] for row in legend["images"][0]["objects"]] == list(range(1, 301))
    assert legend["palette"].keys() == {"dot"}
