"""Labels layers are saved as COCO and part JSON and open as they were; what does not go into a file is said."""

import json

import numpy as np
import pytest
from napari.components import ViewerModel
from npe2 import PluginManager
from PIL import Image

from semsam_annotate.annotations import Project, read_import
from semsam_annotate.napari.canvas.layers import AnnotationLayers
from semsam_annotate.napari.files.json_reader import open_json
from semsam_annotate.napari.files.project_reader import open_project
from semsam_annotate.napari.files.writers import NotWritten, write_coco, write_coco_layers, write_parts_layers

from .conftest import write_photo
from .test_reading import same_masks


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def drawn():
    labels = np.zeros((40, 60), np.uint8)
    labels[5:20, 5:20] = 1
    labels[25:30, 5:20] = 4
    return labels


def of_the_annotated_image(project):
    """Layers of the image of a project that has masks, as napari gives them to writers."""
    viewer = ViewerModel()
    layers = open_project(project)
    image = next(number for number, (_, facts, _) in enumerate(layers) if facts["name"] == "b")
    for layer in layers[image : image + 6]:
        viewer._add_layer_from_data(*layer)
    return [layer.as_layer_data_tuple() for layer in viewer.layers]


@pytest.mark.parametrize("write", [write_coco_layers, write_parts_layers])
@pytest.mark.parametrize("with_image", [True, False])
def test_layers_that_were_opened_are_saved_whole(project, write, with_image, told):
    with Project.open(project) as opened:  # part JSON cannot hold parts of nothing, and there are none
        assert opened.store.count() == 6
    layers = of_the_annotated_image(project)
    path = project / "photos" / "saved.json"
    assert write(str(path), layers if with_image else layers[1:]) == [str(path)]
    assert same_masks(open_json(path))
    assert json.loads(path.read_text())["images"][0]["file_name"] == "b.png"
    assert "not carried" not in told[-1]


def test_a_layer_with_other_pixels_is_saved_as_it_is(project):
    (data, facts, kind), *labels = of_the_annotated_image(project)
    path, before = project / "photos" / "saved.json", (project / "photos" / "b.png").read_bytes()
    assert write_coco_layers(str(path), [(255 - data, facts, kind), *labels]) == [
        str(path),
        str(path.with_suffix(".png")),
    ]
    assert np.array_equal(open_json(path)[0][0], 255 - data)
    assert (project / "photos" / "b.png").read_bytes() == before


def test_what_is_saved_is_imported_by_a_project(project, tmp_path):
    path = project / "photos" / "saved.parts.json"
    write_parts_layers(str(path), of_the_annotated_image(project))
    content = read_import("parts", path)
    assert len(content.records) == 6
    with Project.create(tmp_path / "other") as other:
        assert other.take_in(content).added == 6


def test_an_image_from_elsewhere_is_saved_beside_its_masks(viewer, drawn, tmp_path, told):
    viewer.add_image(np.arange(2400, dtype=np.uint16).reshape(40, 60) * 9, name="cells")
    viewer.add_labels(drawn, name="mine")
    layers = [layer.as_layer_data_tuple() for layer in viewer.layers]
    path = tmp_path / "set.json"
    assert write_coco_layers(str(path), layers) == [str(path), str(tmp_path / "set.png")]
    assert "8 bits" in told[-1]
    image, labels = open_json(path)
    assert image[0].shape == (40, 60, 3)
    assert np.array_equal(labels[0] > 0, drawn > 0)
    assert set(labels[1]["features"]["object"]) == {"", "mine"}
    write_coco_layers(str(path), layers)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["set.json", "set.png"]


def test_another_picture_of_that_name_stays(viewer, drawn, tmp_path):
    before = write_photo(tmp_path / "set.png")
    viewer.add_image(np.eye(40, 60), name="cells")
    viewer.add_labels(drawn)
    written = write_coco_layers(str(tmp_path / "set.json"), [layer.as_layer_data_tuple() for layer in viewer.layers])
    assert written[1] == str(tmp_path / "set-2.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "set.png")), before)
    assert [kind for _, _, kind in open_json(tmp_path / "set.json")] == ["image", "labels"]


def test_labels_alone_open_again(drawn, tmp_path, told):
    write_photo(tmp_path / "mine.png")
    table = {"index": [1, 4], "object": ["car", "car"], "part": ["", "wheel"], "area": [3.0, 4.0]}
    meta = {"name": "mine", "features": table, "scale": (0.5, 0.5), "translate": (0.0, 0.0), "affine": np.eye(3)}
    path = tmp_path / "mine.json"
    assert write_coco(str(tmp_path / "mine"), drawn, meta) == [str(path)]
    assert "column area" in told[-1]
    assert "scale" in told[-1]
    (labels,) = open_json(path)[:1]
    assert labels[2] == "labels"
    assert "mine-2.png" in told[-1]


def test_colliding_values_of_two_layers_stay_two_masks(drawn, tmp_path):
    layers = [(drawn, {"name": name}, "labels") for name in ("one", "two")]
    write_coco_layers(str(tmp_path / "x.json"), layers)
    planes = [(labels, facts["features"]) for labels, facts, _ in open_json(tmp_path / "x.json")]
    assert [sorted(set(table["object"])) for _, table in planes] == [["", "one"], ["", "two"]]
    assert all(np.array_equal(labels > 0, drawn > 0) for labels, _ in planes)


def test_parts_without_an_object_are_counted(drawn, tmp_path, told):
    table = {"index": [1, 4], "object": ["car", ""], "part": ["", "wheel"]}
    write_parts_layers(str(tmp_path / "x.json"), [(drawn, {"name": "x", "features": table}, "labels")])
    assert "1 parts without an object left out" in told[-1]


def test_what_cannot_be_saved_is_one_line(drawn, tmp_path, viewer):
    image = viewer.add_image(np.zeros((40, 60, 3), np.uint8))
    ours = AnnotationLayers(viewer)
    ours.lie_on(image)
    view = ours.accepted.as_layer_data_tuple()
    small = (drawn[:9], {"name": "small"}, "labels")
    for layers, words in (
        ([(drawn * 0, {"name": "x"}, "labels")], "empty"),
        ([(np.stack([drawn] * 2), {"name": "x"}, "labels")], "3 axes"),
        ([view], "export the project"),
        ([image.as_layer_data_tuple(), small], "mask is"),
        ([(drawn, {"features": {"index": [1], "object": ["a:b"]}}, "labels")], "colon"),
        ([(np.zeros((4, 40, 60)), {"name": "stack"}, "image"), (drawn, {}, "labels")], "several planes"),
    ):
        with pytest.raises(NotWritten, match=words) as caught:
            write_coco_layers(str(tmp_path / "x.json"), layers)
        assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(NotWritten, match="folder"):
        write_coco(str(tmp_path / "none" / "x.json"), drawn, {})
    assert list(tmp_path.iterdir()) == []


def test_napari_finds_the_readers_and_writers(project, tmp_path, viewer, drawn):
    PluginManager.instance().discover()
    viewer.open(str(project / "project.toml"), plugin="semsam-annotate")
    assert viewer.layers["b objects"].visible is False
    labels = viewer.add_labels(drawn, name="mine")
    for name in ("x.json", "x.parts.json"):
        assert labels.save(str(tmp_path / name), plugin="semsam-annotate") == [str(tmp_path / name)]
    assert "obj_ann_id" in (tmp_path / "x.parts.json").read_text()
    assert "obj_ann_id" not in (tmp_path / "x.json").read_text()
    chosen = [layer for layer in viewer.layers if layer.name.startswith("b")]
    for layers in (chosen, chosen[1:]):
        viewer.layers.selection = set(layers)
        assert viewer.layers.save(str(tmp_path / "all.json"), selected=True, plugin="semsam-annotate")
        assert same_masks(open_json(tmp_path / "all.json"))
