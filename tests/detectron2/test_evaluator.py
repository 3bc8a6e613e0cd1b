"""Our measures as an evaluator: what is known of perfect, missing and shifted answers, alone and in two processes."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from semsam_annotate.annotations import Project
from semsam_annotate.api import BadInput
from semsam_annotate.detectron2.datasets import register_project

SCRIPT = Path(__file__).with_name("two_processes.py")
_helpers = runpy.run_path(str(SCRIPT))
answers_of, measured = _helpers["answers_of"], _helpers["measured"]


@pytest.fixture
def val(project_of):
    return register_project(project_of(4)).names[0]


def test_a_perfect_answer_is_perfect(d2, val):
    found = measured(d2, val)
    assert list(found) == ["instance", "part", "part_name", "panoptic", "semantic"]
    assert all(found[task]["ap"] == pytest.approx(100) for task in ("instance", "part", "part_name"))
    assert found["panoptic"]["pq"] == pytest.approx(100)
    assert found["semantic"]["miou"] == pytest.approx(100)


def test_what_is_missing_or_shifted_costs(d2, val):
    nothing = measured(d2, val, keep=lambda name: False)
    assert (nothing["instance"]["ap"], nothing["part"]["ap"], nothing["semantic"]["miou"]) == (0, 0, 0)
    objects = measured(d2, val, keep=lambda name: ":" not in name)
    assert (objects["instance"]["ap"], objects["part"]["ap"]) == (pytest.approx(100), 0)
    shifted = measured(d2, val, shift=3)
    assert 0 < shifted["instance"]["ap"] < 100
    assert 0 < shifted["panoptic"]["pq"] < 100


def test_a_part_whose_object_is_unknown_counts_like_any(d2, project_of):
    folder = project_of(4)
    with Project.open(folder) as project:
        for record in project.store.annotations():
            if record.kind == "object":
                project.store.supersede(record.id, object=None)
    found = measured(d2, register_project(folder, "bare").names[0])
    assert found["part"]["ap"] == found["part_name"]["ap"] == pytest.approx(100)


def test_logits_of_any_level_mean_the_same_and_stuff_is_left_out(d2, val):
    from semsam_annotate.detectron2 import SemsamEvaluator

    (row, *_) = d2.data.DatasetCatalog.get(val)
    answer = answers_of(d2, row, d2.data.MetadataCatalog.get(val).get("thing_classes"))
    labels, rows = answer["panoptic_seg"]
    stuff = {"id": int(labels.max()) + 1, "isthing": False, "category_id": 52}
    everywhere = torch.where(labels == 0, stuff["id"], labels)
    figures = []
    for scores, panoptic in (
        (answer["sem_seg"], answer["panoptic_seg"]),
        (answer["sem_seg"] * 3 + 0.5, (everywhere, [*rows, stuff])),
        (answer["sem_seg"] * 3 - 9.5, answer["panoptic_seg"]),
        (answer["sem_seg"] > 0, answer["panoptic_seg"]),
    ):
        evaluator = SemsamEvaluator(val, tasks=["semantic", "panoptic"])
        evaluator.process([row], [{"sem_seg": scores, "panoptic_seg": panoptic}])
        figures.append(evaluator.evaluate())
    assert figures[1]["panoptic"] == figures[0]["panoptic"]
    assert figures[2]["semantic"] == figures[1]["semantic"]
    assert figures[3] == figures[0]


def test_only_what_was_answered_is_measured(d2, val):
    from semsam_annotate.detectron2 import SemsamEvaluator

    evaluator = SemsamEvaluator(val)
    assert isinstance(evaluator, d2.evaluation.DatasetEvaluator)
    (row, *_) = d2.data.DatasetCatalog.get(val)
    classes = d2.data.MetadataCatalog.get(val).get("thing_classes")
    evaluator.process([row], [{"sem_seg": answers_of(d2, row, classes)["sem_seg"]}])
    assert list(evaluator.evaluate()) == ["semantic"]
    evaluator.reset()
    assert evaluator.evaluate() == {}
    both = d2.evaluation.DatasetEvaluators([SemsamEvaluator(val)])
    both.process([row], [answers_of(d2, row, classes)])
    assert both.evaluate()["instance"]["ap"] == pytest.approx(100)
    with pytest.raises(BadInput, match="no image 999"):
        evaluator.process([{"image_id": 999}], [{}])
    objects = SemsamEvaluator(val, tasks=["instance"])
    objects.process([row], [answers_of(d2, row, classes)])
    assert list(objects.evaluate()) == ["instance"]
    with pytest.raises(BadInput, match="a measure is one of instance"):
        SemsamEvaluator(val, tasks=["bbox"])
    with pytest.raises(BadInput, match="thing_classes"):
        SemsamEvaluator("another")


def test_two_processes_measure_what_one_does(d2, val, tmp_path):
    place = str(Path(d2.__file__).parent.parent)
    command = [sys.executable, str(SCRIPT), place, str(tmp_path / "project"), f"file://{tmp_path}/meeting"]
    started = [subprocess.Popen([*command, str(rank)], stdout=subprocess.PIPE, text=True) for rank in (0, 1)]
    told = [json.loads(process.communicate(timeout=120)[0]) for process in started]
    assert [process.returncode for process in started] == [0, 0]
    alone = json.loads(json.dumps(measured(d2, val, shift=3)))
    assert repr(told) == repr([alone, {}])


def test_answers_that_do_not_fit_the_image_or_have_no_masks_are_named(d2, val):
    from semsam_annotate.detectron2 import SemsamEvaluator

    (row, *_), evaluator = d2.data.DatasetCatalog.get(val), SemsamEvaluator(val, distributed=False)
    evaluator.reset()
    classes = d2.data.MetadataCatalog.get(val).get("thing_classes")
    size, objects = (row["height"], row["width"]), sum(":" not in name for name in classes)
    boxes = d2.structures.Instances(size, scores=torch.ones(1), pred_classes=torch.zeros(1, dtype=torch.int64))
    double = d2.structures.Instances((2 * size[0], size[1]), pred_masks=torch.ones(0, 2 * size[0], size[1]))
    for answer, said in (
        ({"instances": boxes}, "without pred_masks"),
        ({"instances": double}, r"instances of .* are \("),
        ({"panoptic_seg": (torch.zeros(3, 3, dtype=torch.int32), [])}, "panoptic_seg of"),
        ({"sem_seg": torch.zeros(objects + 2, *size)}, f"{objects + 2} channels"),
        ({"sem_seg": torch.zeros(objects, 3, 3)}, "sem_seg of"),
    ):
        with pytest.raises(BadInput, match=said):
            evaluator.process([row], [answer])
    assert evaluator.evaluate() == {}
