"""The packaged model as a predictor: detectron2's output dicts, and its own measure of them."""

import re

import numpy as np
import pytest
import torch

from semsam_annotate.annotations import read_image
from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.detectron2.datasets import register_project
from semsam_annotate.detectron2.predictor import SemsamPredictor


@pytest.fixture
def val(project_of):
    return register_project(project_of(2, 160, "base")).names[1]


def test_outputs_are_detectron2s(engine, val, d2):
    (row,) = d2.data.DatasetCatalog.get(val)
    predictor = SemsamPredictor(engine, data_set=val, tasks=("instance", "parts", "panoptic", "semantic"))
    rgb = read_image(row["file_name"])
    found = predictor(rgb[:, :, ::-1])
    assert found.keys() == {"instances", "panoptic_seg", "sem_seg"}
    instances, size, classes = found["instances"], rgb.shape[:2], predictor.metadata.get("thing_classes")
    assert instances.image_size == size
    assert len(instances) > 0
    assert instances.pred_masks.shape == (len(instances), *size)
    assert ((instances.pred_classes >= 0) & (instances.pred_classes < len(classes))).all()
    assert ((instances.scores >= 0) & (instances.scores <= 1)).all()
    labels, rows = found["panoptic_seg"]
    assert (labels.shape, labels.dtype) == (size, torch.int32)
    assert {id for id in labels.unique().tolist() if id} <= {one["id"] for one in rows}
    assert all(one["isthing"] and ":" not in classes[one["category_id"]] for one in rows)
    assert found["sem_seg"].shape == (sum(":" not in name for name in classes), *size)


def test_owners_of_parts_that_are_no_classes_are_left_out(engine, val, d2):
    (row,) = d2.data.DatasetCatalog.get(val)
    rgb, names = read_image(row["file_name"]), d2.data.MetadataCatalog.get(val).get("thing_classes")
    tasks = ("panoptic", "semantic")
    assert SemsamPredictor(engine, names, tasks=tasks)(rgb)["panoptic_seg"][1]
    found = SemsamPredictor(engine, [name for name in names if ":" in name], tasks=tasks)(rgb)
    labels, rows = found["panoptic_seg"]
    assert (rows, int(labels.max()), len(found["sem_seg"])) == ([], 0, 0)


def test_parts_without_an_owner_are_found(engine, val, d2):
    (row,) = d2.data.DatasetCatalog.get(val)
    names = [f"unlabelled:{name.partition(':')[2]}" for name in d2.data.MetadataCatalog.get(val).get("thing_classes")]
    predictor = SemsamPredictor(engine, [name for name in names if not name.endswith(":")])
    found = predictor([row])[0]["instances"]
    assert len(found) > 0
    told = engine.segment(engine.encode(read_image(row["file_name"])), predictor.vocabulary, "parts")
    assert {predictor.classes[number].partition(":")[2] for number in found.pred_classes} == {
        one.part_labels[0][0] for one in told
    }


def test_it_says_what_the_engine_says(engine, val, d2):
    (row,) = d2.data.DatasetCatalog.get(val)
    predictor = SemsamPredictor(engine, data_set=val, tasks=("instance",))
    rgb = read_image(row["file_name"])
    told = engine.segment(engine.encode(rgb), predictor.vocabulary, "instance")
    for found in predictor([row]):
        assert found["instances"].scores.tolist() == pytest.approx([one.object_labels[0][1] for one in told], abs=1e-4)
        for mask, name, one in zip(found["instances"].pred_masks, found["instances"].pred_classes, told, strict=True):
            assert np.array_equal(mask.numpy(), one.mask)
            assert predictor.classes[name] == one.object_labels[0][0]
    sure = SemsamPredictor(engine, data_set=val, tasks=("instance",), least=told[0].object_labels[0][1] - 1e-4)
    assert 1 <= len(sure(rgb[:, :, ::-1])["instances"]) < len(told)


def test_colours_are_not_swapped():
    """A red car is not a blue one: channels reach the engine as RGB."""
    seen = []

    class Watched:
        def encode(self, image):
            seen.append(image)
            raise BadInput("seen")

    bgr = np.zeros((32, 32, 3), np.uint8)
    bgr[..., 2] = 255
    with pytest.raises(BadInput, match="seen"):
        SemsamPredictor(Watched(), ["car"])(bgr)
    assert seen[0][0, 0].tolist() == [255, 0, 0]


def test_the_example_of_the_guide_runs(root, project_of, monkeypatch, capsys):
    folder = project_of(2, 96, "base")
    monkeypatch.chdir(folder.parent)
    folder.rename("shop")
    text = (root / "docs" / "detectron2.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(compile(example, "docs/detectron2.md", "exec"), {})
    names, figures = capsys.readouterr().out.splitlines()
    assert names.startswith("('shop_train', 'shop_val') (")
    assert len(figures.split()) == 3


def test_classes_and_vocabulary(engine):
    names = ["car", "cat", "car:wheel", "cat:ear", "unlabelled:ear", "unlabelled:rim", "car:unlabelled"]
    assert SemsamPredictor(engine, names).vocabulary == Vocabulary(
        ["car", "cat"], ["wheel", "ear", "rim"], owners={"wheel": ["car"], "ear": ["cat"]}
    )
    with pytest.raises(BadInput, match="needs classes"):
        SemsamPredictor(engine)
    with pytest.raises(BadInput, match="a task is one of"):
        SemsamPredictor(engine, ["car"], tasks=("boxes",))
