"""COCO, part JSON and project folders open in napari as labels over their images; no mask is lost silently."""

import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from napari.components import ViewerModel
from PIL import Image

from semsam_annotate.annotations import Project
from semsam_annotate.api import BadInput, encode_rle
from semsam_annotate.napari.canvas.picture_source import picture_of
from semsam_annotate.napari.files.json_reader import get_json_reader, image_finder, open_json
from semsam_annotate.napari.files.picture_layers import MOST_IMAGES
from semsam_annotate.napari.files.project_reader import get_project_reader, open_project
from semsam_annotate.napari.state.project_ledger import ProjectLedger

from .conftest import MASKS, pixels_of, write_photo


def drawn(layers):
    """Every mask of labels layers: its names and its parent's, and its pixels."""
    rows = {}
    for labels, facts, kind in layers:
        table = facts["features"] if kind == "labels" else {"index": []}
        for row, value in enumerate(table["index"]):
            cells = {name: table[name][row] for name in ("object", "part", "part_of", "score")}
            rows[value] = (cells, labels == value)
    rows.pop(0)
    return [
        (cells["object"], cells["part"], rows[cells["part_of"]][0]["part"] if cells["part_of"] else "", mask)
        for cells, mask in rows.values()
    ]


def same_masks(layers):
    """Whether labels layers hold ``MASKS``, whole."""
    wanted = {
        (object or "", part or "", (MASKS[parent][1] or "") if parent else ""): pixels_of(name)
        for name, (object, part, parent, _) in MASKS.items()
    }
    found = {names: mask for *names, mask in drawn(layers) for names in [tuple(names)]}
    assert found.keys() == wanted.keys()
    return all(np.array_equal(found[names], wanted[names]) for names in wanted)


@pytest.mark.parametrize("name", ["coco.json", "parts.json"])
def test_what_a_project_exports_opens_whole_over_its_image(project, name, told):
    with Project.open(project) as opened:
        opened.export(name.removesuffix(".json"), project / name)
    layers = get_json_reader(str(project / name))(str(project / name))
    shown = [(facts["name"], kind) for _, facts, kind in layers]
    planes = ["objects", "objects 2", "parts", "parts 2", "parts of parts"]
    assert shown == [("b", "image"), *((f"b {plane}", "labels") for plane in planes)]
    assert same_masks(layers)
    assert told == []


def test_layers_open_in_a_viewer_and_the_annotator_knows_the_file(project):
    with Project.open(project) as opened:
        opened.export("coco", project / "coco.json")
    viewer = ViewerModel()
    for layer in open_json(project / "coco.json"):
        viewer._add_layer_from_data(*layer)
    picture = picture_of(viewer.layers[0], viewer)
    assert picture.path == project / "photos" / "b.png"
    ledger = ProjectLedger.open(project)
    assert len(ledger.masks(picture)) == len(MASKS)
    ledger.close()
    parts = viewer.layers["b parts"]
    assert parts.get_status((25.0, 11.0), world=True)["value"]
    assert "wheel" in str(parts._get_properties((25.0, 11.0), world=True))


def test_a_project_folder_opens_its_images_in_order_with_their_masks(project, told):
    for path in (project, project / "project.toml"):
        layers = get_project_reader(str(path))(str(path))
        images = [(facts["name"], facts["visible"]) for _, facts, kind in layers if kind == "image"]
        assert images == [("a", True), ("b", False), ("c", False)]
        assert same_masks(layers)
        assert all(facts["visible"] == facts["name"].startswith("a") for _, facts, _ in layers)
    assert told == []


def test_what_a_project_cannot_show_is_said(project, told):
    write_photo(project / "photos" / "b.png", seed=9)
    (project / "photos" / "c.png").write_bytes(b"no image")
    layers = open_project(project)
    assert [facts["name"] for _, facts, _ in layers] == ["a", "b"]
    assert "2 of 3 images opened, with 0 of 6 accepted masks" in told[-1]
    assert "c.png" in told[-1]
    for number in range(MOST_IMAGES):
        write_photo(project / "photos" / f"a{number}.png", seed=20 + number)
    assert len(open_project(project)) == MOST_IMAGES
    assert f"{MOST_IMAGES} of 11 images" in told[-1]


def test_an_annotated_image_that_the_project_does_not_list_opens_too(project, tmp_path):
    rgb = write_photo(project / "images" / "pixels.png", seed=5)
    with Project.open(project) as opened:
        opened.store.accept(opened.ref(project / "images" / "pixels.png", rgb), mask=pixels_of("car"), plane=(2,))
    names = [facts["name"] for _, facts, _ in open_project(project)]
    assert names[-2:] == ["pixels", "pixels objects"]


@pytest.mark.parametrize("damage", ["toml", "store", "no images"])
def test_a_damaged_project_is_one_line(tmp_path, project, damage):
    if damage == "toml":
        (project / "project.toml").write_text("version = [")
    elif damage == "store":
        (project / "annotations.sqlite").write_bytes(os.urandom(5000))
    else:
        (project / "project.toml").write_text("version = 1\n")
        (project / "annotations.sqlite").unlink()
    reader = get_project_reader(str(project))
    with pytest.raises(BadInput) as caught:
        reader(str(project))
    assert len(str(caught.value).splitlines()) == 1


def test_readers_decline_what_is_not_theirs(tmp_path, write):
    for content in ({}, [], {"images": [], "annotations": []}, None, 3, b"", b"{", b'{"images": [', b"\xff\xfe"):
        assert get_json_reader(str(write(content))) is None
    assert get_json_reader([str(write({}))]) is None
    assert get_json_reader(str(tmp_path / "missing.json")) is None
    assert get_json_reader(str(tmp_path)) is None
    assert get_project_reader(str(tmp_path)) is None
    assert get_project_reader([str(tmp_path)]) is None


def test_an_image_that_is_not_there_leaves_its_masks(write, document, told):
    (layer,) = open_json(write(document))
    assert layer[2] == "labels"
    assert np.array_equal(layer[0] == 1, pixels_of("car"))
    assert "a.png" in told[-1]
    del document["images"][0]["height"]
    with pytest.raises(BadInput, match=r"a\.png is not there"):
        open_json(write(document))


def test_images_in_another_folder_are_named(write, document, tmp_path):
    write_photo(tmp_path / "elsewhere" / "a.png")
    layers = open_json(write(document), tmp_path / "elsewhere")
    assert [kind for _, _, kind in layers] == ["image", "labels"]
    with pytest.raises(BadInput, match="no such folder"):
        open_json(write(document), tmp_path / "nowhere")
    with pytest.raises(BadInput, match="no such file"):
        open_json(tmp_path / "nothing.json")


def test_names_in_a_file_lead_nowhere_else(tmp_path, document, write):
    write_photo(tmp_path / "outside.png")
    inner = tmp_path / "inner"
    inner.mkdir()
    for name in (str(tmp_path / "outside.png"), "../outside.png", "..\\outside.png", "C:/outside.png", "..", "/"):
        assert image_finder(inner)(name) is None


def test_images_that_a_project_lists_are_found_by_their_end(tmp_path):
    for folder, seed in (("x", 1), ("y", 2)):
        write_photo(tmp_path / "photos" / folder / "1.png", seed)
    Project.create(tmp_path / "cars", images=[tmp_path / "photos"]).close()
    find = image_finder(tmp_path / "cars")
    assert find("1.png") == tmp_path / "photos" / "x" / "1.png"
    assert find("y/1.png") == tmp_path / "photos" / "y" / "1.png"
    assert find("z/1.png") is None


def test_of_many_images_the_annotated_ones_open_and_the_rest_is_said(write, document, tmp_path, told):
    rows = [{"id": 100 + n, "file_name": f"{n}.png", "width": 60, "height": 40} for n in range(MOST_IMAGES + 2)]
    for number in range(MOST_IMAGES + 2):
        write_photo(tmp_path / f"{number}.png", number)
    document["images"] = rows
    document["annotations"][0]["image_id"] = rows[-1]["id"]
    crowd = {**document["annotations"][0], "id": 2, "iscrowd": 1}
    empty = {**crowd, "id": 3, "iscrowd": 0, "segmentation": encode_rle(np.zeros((40, 60), bool))}
    document["annotations"] += [crowd, empty]
    layers = open_json(write(document))
    last = str(MOST_IMAGES + 1)
    assert [facts["name"] for _, facts, _ in layers[:3]] == [last, f"{last} objects", "0"]
    for words in (f"only {MOST_IMAGES} of {MOST_IMAGES + 2} images", "1 crowd", "1 empty"):
        assert words in told[-1]


def test_masks_that_lie_over_too_many_are_counted(write, document, tmp_path, told):
    write_photo(tmp_path / "a.png")
    row = document["annotations"][0]
    document["annotations"] = [{**row, "id": number} for number in range(1, 41)]
    layers = open_json(write(document))
    assert f"{40 - len(layers[1:])} masks left out" in told[-1]


def test_a_photo_with_orientation_lies_under_its_masks(write, document, tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(rgb)).save(tmp_path / "a.png", exif=exif)
    layers = open_json(write(document))
    assert np.array_equal(layers[0][0], rgb)


DAMAGE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 9),
    st.text(max_size=3),
    st.just([]),
    st.just({}),
    st.just([[1]]),
    st.floats(),
)


@given(st.data())
def test_a_damaged_file_is_one_line_or_opens(write, document, tmp_path, data):
    broken = json.loads(json.dumps(document))
    table = data.draw(st.sampled_from([broken, *(row for rows in broken.values() for row in rows)]))
    if "segmentation" in table and data.draw(st.booleans()):
        table = table["segmentation"]
    table[data.draw(st.sampled_from(sorted(table)))] = data.draw(DAMAGE)
    write_photo(tmp_path / "a.png")
    path = write(broken)
    lines = []
    try:
        if (reader := get_json_reader(str(path))) is not None:
            reader(str(path))
    except BadInput as error:
        lines = str(error).splitlines()
    assert len(lines) <= 1


def test_a_file_that_ends_early_is_said_to_be_damaged(write, document):
    path = write(json.dumps({**document, "last": 1}).encode()[:-12])
    with pytest.raises(BadInput, match="not JSON"):
        get_json_reader(str(path))(str(path))
