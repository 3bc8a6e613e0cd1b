"""detectron2's own loaders, models, evaluators and pictures take what we hand over (tools/detectron2_code.sh)."""

import os
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from pycocotools import mask as coco_mask

from semsam_annotate import detectron2 as room
from semsam_annotate.annotations import Project, read_image

if "SEMSAM_DETECTRON2" not in os.environ:
    pytest.skip("run by tools/detectron2_code.sh in an environment of its own", allow_module_level=True)

SIZE = 160
answers_of = runpy.run_path(str(Path(__file__).with_name("two_processes.py")))["answers_of"]


@pytest.fixture
def data(project_of):
    return room.register_project(project_of(4, SIZE, "base"))


@pytest.fixture
def configured(d2, data):
    """Makes the configuration of a Mask R-CNN on the project, nothing resized or flipped."""
    from detectron2.config import get_cfg

    def make(**model):
        cfg = get_cfg()
        cfg.merge_from_file(str(Path(d2.__file__).parent / "pkg" / "Base-RCNN-FPN.yaml"))
        cfg.MODEL.DEVICE, cfg.MODEL.WEIGHTS, cfg.MODEL.MASK_ON = "cpu", "", True
        cfg.MODEL.RESNETS.DEPTH, cfg.MODEL.RESNETS.RES2_OUT_CHANNELS, cfg.MODEL.FPN.NORM = 18, 64, "GN"
        cfg.MODEL.ROI_HEADS.NUM_CLASSES, cfg.INPUT.MASK_FORMAT = len(data.classes), "bitmask"
        cfg.DATASETS.TRAIN, cfg.DATASETS.TEST = data.names[:1], data.names[1:]
        cfg.INPUT.MIN_SIZE_TRAIN, cfg.INPUT.MIN_SIZE_TEST, cfg.INPUT.RANDOM_FLIP = (SIZE,), SIZE, "none"
        cfg.SOLVER.IMS_PER_BATCH, cfg.DATALOADER.NUM_WORKERS = 1, 0
        for name, value in model.items():
            cfg.MODEL[name].NAME = value
        return cfg

    return make


def test_the_loader_gives_every_mask_as_it_is_in_the_project(d2, configured, data):
    mapper = d2.data.DatasetMapper(configured(), is_train=True)
    for row in d2.data.DatasetCatalog.get(data.names[0]):
        loaded, told = mapper(row), row["annotations"]
        assert loaded["image"].shape == (3, SIZE, SIZE)
        assert torch.equal(loaded["image"].flip(0).permute(1, 2, 0), torch.from_numpy(read_image(row["file_name"])))
        found = loaded["instances"]
        assert found.gt_classes.tolist() == [one["category_id"] for one in told]
        assert found.gt_boxes.tensor.tolist() == [one["bbox"] for one in told]
        masks = np.stack([coco_mask.decode(one["segmentation"]) for one in told]).astype(bool)
        assert np.array_equal(found.gt_masks.tensor.numpy(), masks)


def test_a_mask_rcnn_learns_from_a_project_and_is_measured(d2, configured, data):
    from detectron2.data import build_detection_test_loader, build_detection_train_loader
    from detectron2.data.samplers import TrainingSampler
    from detectron2.modeling import build_model
    from detectron2.utils.events import EventStorage

    cfg = configured()
    torch.manual_seed(0)
    model = build_model(cfg)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    order = TrainingSampler(len(d2.data.DatasetCatalog.get(data.names[0])), seed=0)
    batch = next(iter(build_detection_train_loader(cfg, sampler=order)))
    sums = []
    with EventStorage():
        for _ in range(8):
            losses = model(batch)
            optimiser.zero_grad()
            sum(losses.values()).backward()
            optimiser.step()
            sums.append(float(sum(losses.values())))
    assert losses.keys() >= {"loss_cls", "loss_box_reg", "loss_mask"}
    assert sums[-1] < sums[0] * 2 / 3
    loader, evaluator = build_detection_test_loader(cfg, data.names[1]), room.SemsamEvaluator(data.names[1])
    found = d2.evaluation.inference_on_dataset(model, loader, evaluator)
    assert list(found) == ["instance", "part", "part_name"]
    assert all(0 <= found[task]["ap"] <= 100 for task in found)


def test_our_proposals_are_taken_by_fast_rcnn(d2, configured, engine, data):
    from detectron2.modeling import build_model

    model = build_model(configured(PROPOSAL_GENERATOR="PrecomputedProposals")).eval()
    (row,) = d2.data.DatasetCatalog.get(data.names[1])
    rgb = read_image(row["file_name"])
    found = [node.proposal for node in engine.auto(engine.encode(rgb)).nodes]
    image = torch.from_numpy(np.ascontiguousarray(rgb[:, :, ::-1].transpose(2, 0, 1)))
    with torch.no_grad():
        (answer,) = model([{"image": image, "proposals": room.to_proposals(found, rgb.shape[:2])}])
    back = room.from_instances(answer["instances"], data.classes)
    assert all(one.mask.shape == rgb.shape[:2] for one in back)
    assert len(back) <= len(found) * len(data.classes)


@pytest.mark.parametrize("shift", [0, 2])
def test_its_evaluator_and_ours_agree(d2, data, tmp_path, shift):
    """Mean over classes of its AP of masks is ours: over objects, and over parts that have a name."""
    rows, classes = d2.data.DatasetCatalog.get(data.names[0]), data.classes
    its, ours = coco_evaluator(d2, data.names[0], tmp_path), room.SemsamEvaluator(data.names[0])
    for one in (its, ours):
        one.reset()
        for row in rows:
            one.process([row], [answers_of(d2, row, classes, shift)])
    segm, found = its.evaluate()["segm"], ours.evaluate()
    named = {name: segm[f"AP-{name}"] for name in classes if "unlabelled" not in name}
    for task, kept in [("instance", lambda name: ":" not in name), ("part", lambda name: ":" in name)]:
        by_class = [ap for name, ap in named.items() if kept(name) and not np.isnan(ap)]
        assert len(by_class) > 3
        assert found[task]["ap"] == pytest.approx(np.mean(by_class), abs=1e-6)
    assert (found["instance"]["ap"] == pytest.approx(100)) == (shift == 0)


def test_the_predictor_is_measured_by_its_evaluator(d2, engine, data, tmp_path):
    val = data.names[1]
    predictor = room.SemsamPredictor(engine, data_set=val)
    rows = [[row] for row in d2.data.DatasetCatalog.get(val)]
    found = d2.evaluation.inference_on_dataset(predictor, rows, coco_evaluator(d2, val, tmp_path))
    assert 0 < found["segm"]["AP50"] <= 100
    assert 0 < found["bbox"]["AP50"] <= 100


@pytest.mark.parametrize("format", ["coco", "parts"])
def test_exported_files_are_the_same_data_sets(d2, data, tmp_path, format):
    from detectron2.data.datasets import load_coco_json

    with Project.open(tmp_path / "project") as project:
        photos = project.image_path(project.store.images()[0]).parent
        project.export(format, tmp_path / "out.json")
    loaded = load_coco_json(str(tmp_path / "out.json"), str(photos), format, ["id", "obj_ann_id"])
    registered = [row for name in data.names for row in d2.data.DatasetCatalog.get(name)]
    told, known = facts(loaded, d2.data.MetadataCatalog.get(format).thing_classes), facts(registered, data.classes)
    if format == "coco":  # knows direct parents, not objects
        assert {fact[:3] for fact in told} == {fact[:3] for fact in known}
    else:
        assert told == {fact for fact in known if fact[3] is not None}
    assert len(told) > 50


def test_its_pictures_show_masks_and_names(d2, engine, data):
    from detectron2.utils.visualizer import Visualizer

    metadata = d2.data.MetadataCatalog.get(data.names[1])
    (row,) = d2.data.DatasetCatalog.get(data.names[1])
    rgb = read_image(row["file_name"])
    answer = room.SemsamPredictor(engine, data_set=data.names[1])(rgb[:, :, ::-1])["instances"]
    truth = Visualizer(rgb, metadata).draw_dataset_dict(row).get_image()
    guess = Visualizer(rgb, metadata).draw_instance_predictions(answer).get_image()
    for drawn in (truth, guess):
        assert drawn.shape == rgb.shape
        assert (drawn != rgb).any(2).mean() > 0.2


def coco_evaluator(d2, name, folder):
    """Its fast way to count needs compiled code, which the copy does not have."""
    return d2.evaluation.COCOEvaluator(name, ("bbox", "segm"), False, output_dir=str(folder), use_fast_impl=False)


def facts(rows, classes):
    """Of every mask its file, class, pixels and the pixels of the object it belongs to."""
    return {
        (row["file_name"], classes[one["category_id"]], pixels[one["id"]], pixels.get(one.get("obj_ann_id")))
        for row in rows
        for pixels in [{one["id"]: runs(one) for one in row["annotations"]}]
        for one in row["annotations"]
    }


def runs(one):
    counts = one["segmentation"]["counts"]
    return counts if isinstance(counts, str) else counts.decode()
