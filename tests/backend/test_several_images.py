"""A labelling config with several images: one of them is ours, and what lies on another is never taken for it."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations import Project
from semsam_annotate.api import BadInput, Vocabulary
from semsam_annotate.backend.label_studio.accepted import read_regions
from semsam_annotate.backend.label_studio.admin.examine_project import ProjectExam
from semsam_annotate.backend.label_studio.admin.exported import ELSEWHERE, config_of, read_tasks
from semsam_annotate.backend.label_studio.brush_rle import encode_brush
from semsam_annotate.backend.label_studio.config import parse_config
from semsam_annotate.backend.label_studio.connections import Connection

SIZES = {"left": (48, 64), "right": (30, 40)}
IMAGES = '<Image name="left" value="$left"/><Image name="right" value="$right"/>'
BRUSHES = "".join(
    f'<BrushLabels name="brush-{side}" toName="{side}"><Label value="{label}"/></BrushLabels>'
    f'<KeyPointLabels name="point-{side}" toName="{side}" smart="true"><Label value="{label}"/></KeyPointLabels>'
    for side, label in (("left", "car"), ("right", "person"))
)
TEXT = f"<View>{IMAGES}{BRUSHES}</View>"
CONFIG = parse_config(TEXT)


def address(side):
    buffer = io.BytesIO()
    Image.new("RGB", SIZES[side][::-1], (len(side), 9, 9)).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


DATA = {side: address(side) for side in SIZES}


def region(side, label):
    height, width = SIZES[side]
    mask = np.zeros((height, width), bool)
    mask[5:20, 5:20] = True
    return {
        "id": side, "from_name": f"brush-{side}", "to_name": side, "type": "brushlabels", "original_width": width,
        "original_height": height, "value": {"format": "rle", "rle": encode_brush(mask), "brushlabels": [label]},
    }  # fmt: skip


RESULT = [region("right", "person"), region("left", "car")]


def test_the_image_is_the_one_that_a_brush_paints_on():
    assert (CONFIG.image, CONFIG.image_key, CONFIG.others) == ("left", "left", ("right",))
    assert [control.to_name for control in CONFIG.controls] == ["left", "left"]
    assert CONFIG.vocabulary() == Vocabulary(["car"])
    beside = parse_config(TEXT.replace('toName="left"', 'toName="right"'))
    assert (beside.image, beside.image_key, beside.others) == ("right", "right", ("left",))


def test_masks_on_another_image_are_left_out():
    assert [(found.id, found.object) for found in read_regions(RESULT, CONFIG, *SIZES["left"])] == [("left", "car")]


def test_a_webhook_brings_the_masks_of_the_one_image(label_studio, project_folder):
    annotation = {"id": 1, "updated_at": "2026-01-01T00:00:00.1Z", "result": RESULT, "completed_by": 1}
    project = {"id": 1, "label_config": TEXT, "created_at": "2026-01-01T00:00:00Z"}
    body = {"action": "ANNOTATION_CREATED", "project": project, "task": {"id": 7, "data": DATA}}
    assert label_studio.post("/webhook", json={**body, "annotation": annotation}).status_code == 201
    label_studio.portal.call(label_studio.app.state.label_studio.hooks.settled)
    with Project.open(project_folder) as opened:
        assert [(record.object, record.image.height) for record in opened.store.annotations()] == [("car", 48)]


def mark(side):
    value = {"x": 50, "y": 50, "width": 1, "keypointlabels": ["car"]}
    return {"type": "keypointlabels", "to_name": side, "from_name": f"point-{side}", "value": value}


def test_a_click_on_another_image_is_refused_in_one_line(label_studio):
    def answer(*marks):
        body = {"tasks": [{"id": 1, "data": DATA}], "label_config": TEXT, "project": "1.5"}
        return label_studio.post("/predict", json={**body, "params": {"context": {"result": list(marks)}}})

    refused = answer(mark("left"), mark("right"))
    assert (refused.status_code, "alone" in refused.json()["error"]) == (400, True)
    (told,) = answer(mark("right"), mark("left")).json()["results"]
    assert {(item["to_name"], item["original_height"]) for item in told["result"]} == {("left", 48)}


def test_the_doctor_warns():
    row = {"id": 1, "title": "two", "label_config": TEXT}
    exam = ProjectExam(None, row, "http://h/", Connection("http://h"), Vocabulary(["car"]), None)
    checks = list(exam._config())
    assert [(check.name, check.state) for check in checks] == [("config", "ok"), ("config", "warning")]
    assert "right" in checks[1].detail


def exported(data=DATA):
    return [{"id": 3, "data": data, "annotations": [{"id": 7, "result": RESULT}]}]


@pytest.mark.parametrize("config", [CONFIG, config_of(exported(), Vocabulary())])
def test_an_export_counts_what_lies_elsewhere(config):
    found = read_tasks(exported(), config)
    (record,) = found.records
    assert (record.image.height, record.image.width) == SIZES[config.image]
    assert list(found.addresses.values()) == [DATA[config.image]]
    assert found.left == {ELSEWHERE: 1}


def test_without_a_config_nobody_guesses_which_address_is_whose():
    other_names = {"a": DATA["left"], "b": DATA["right"]}
    with pytest.raises(BadInput, match="--config"):
        config_of(exported(other_names), Vocabulary())
