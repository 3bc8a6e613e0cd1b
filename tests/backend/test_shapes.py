"""Polygons, ellipses and bitmasks of Label Studio as masks, by webhook and by export, and back as brushes."""

import base64
import io
import json
import math
import uuid

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations import Project
from semsam_annotate.api import BadInput, Proposal, decode_rle
from semsam_annotate.backend.label_studio.accepted import read_regions
from semsam_annotate.backend.label_studio.admin.exported import config_of, read_tasks
from semsam_annotate.backend.label_studio.brush_rle import decode_brush, encode_brush
from semsam_annotate.backend.label_studio.config import parse_config
from semsam_annotate.backend.label_studio.regions import Candidate, prediction
from semsam_annotate.backend.label_studio.shapes import mask_of

HEIGHT, WIDTH = 60, 80
KINDS = ("Brush", "Polygon", "Ellipse", "Bitmask", "Rectangle", "KeyPoint")
LABELS = '<Label value="car"/><Label value="car:wheel"/>'
CONFIG = parse_config(
    '<View><Image name="image" value="$image"/>'
    + "".join(f'<{kind}Labels name="{kind.lower()}" toName="image">{LABELS}</{kind}Labels>' for kind in KINDS)
    + "</View>"
)


def region(kind, value, id=None, label="car"):
    return {
        "id": id or kind, "from_name": kind, "to_name": "image", "type": f"{kind}labels", "original_width": WIDTH,
        "original_height": HEIGHT, "image_rotation": 0, "value": {**value, f"{kind}labels": [label]},
    }  # fmt: skip


def picture(mask, mode="RGBA"):
    """As Label Studio writes it: black where something is drawn, transparent elsewhere."""
    rgba = np.zeros((*mask.shape, 4), np.uint8)
    rgba[..., 3] = mask * 255
    stream = io.BytesIO()
    Image.fromarray(rgba).convert(mode).save(stream, "PNG")
    return {"imageDataURL": "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()}


def drawn():
    dots = np.random.default_rng(0).random((HEIGHT, WIDTH)) > 0.7
    brush = np.zeros((HEIGHT, WIDTH), bool)
    brush[50:55, 3:9] = True
    return [
        region("polygon", {"points": [[25, 25], [75, 25], [75, 75], [25, 75]], "closed": True}),
        region("ellipse", {"x": 50, "y": 50, "radiusX": 30, "radiusY": 20, "rotation": 30}),
        region("bitmask", picture(dots)),
        region("brush", {"format": "rle", "rle": encode_brush(brush)}),
    ]


def task(result, **more):
    annotation = {"id": 7, "result": result, "was_cancelled": False, "completed_by": 1}
    return {"id": 3, "project": 1, "data": {"image": "/data/upload/1/a.png"}, "annotations": [annotation], **more}


def test_a_polygon_is_its_inside():
    polygon = mask_of(drawn()[0], HEIGHT, WIDTH)
    wanted = np.zeros((HEIGHT, WIDTH), bool)
    wanted[15:45, 20:60] = True
    assert (polygon == wanted).all()


def test_an_ellipse_turns_clockwise_about_its_centre():
    mask = mask_of(drawn()[1], HEIGHT, WIDTH)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    x, y, turn = columns - 40, rows - 30, math.radians(30)
    u, v = x * math.cos(turn) + y * math.sin(turn), -x * math.sin(turn) + y * math.cos(turn)
    wanted = (u / 24) ** 2 + (v / 12) ** 2 < 1
    assert (mask != wanted).sum() < 0.03 * wanted.sum()


def test_there_and_back_again():
    """Their JSON, our records, brushes of theirs, read once more: the same masks and names."""
    result = drawn()
    records = read_tasks([task(result)], CONFIG).records
    assert len(records) == 4
    made = [
        Candidate(Proposal(id=str(uuid.uuid4()), model="m", score=1, stability=1, level=1, box=(0, 0, 1, 1),
                           mask=decode_rle(record.mask), object_labels=[("car", 1.0)]), record.id, None)
        for record in records
    ]  # fmt: skip
    sent = [item for item in prediction(made, CONFIG, "v")["result"] if item["type"] == "brushlabels"]
    for item, back, record in zip(result, sent, records, strict=True):
        assert (decode_brush(back["value"]["rle"], HEIGHT, WIDTH) == mask_of(item, HEIGHT, WIDTH)).all()
        assert record.object == "car"
    again = read_tasks([task(sent)], CONFIG).records
    assert sorted(str(record.mask) for record in again) == sorted(str(record.mask) for record in records)


def test_what_is_no_mask_is_counted():
    box, point = {"x": 1, "y": 1, "width": 9, "height": 9, "rotation": 0}, {"x": 1, "y": 1, "width": 1}
    result = [
        *drawn(), region("rectangle", box), region("rectangle", box, "r2"), region("keypoint", point),
        region("keypoint", point, "brush"),  # what led to the mask of that id
        {"id": "v", "type": "vectorlabels", "value": {"vertices": []}},
        {"type": "relation", "from_id": "polygon", "to_id": "brush", "direction": "right"},
    ]  # fmt: skip
    found = read_tasks([task(result)], CONFIG)
    assert len(found.records) == 4
    assert found.left == {"keypointlabels": 1, "rectanglelabels": 2, "relation": 1, "vectorlabels": 1}
    assert len(read_tasks([task(result)], config_of([task(result)], CONFIG.words)).records) == 4


def test_the_command_says_what_it_does_not_carry(semsam, tmp_path):
    box = region("rectangle", {"x": 1, "y": 1, "width": 9, "height": 9})
    for name, result in (("some", [*drawn(), box]), ("none", [box])):
        (tmp_path / f"{name}.json").write_text(json.dumps([task(result)]))
    arguments = ("labelstudio", "export", "--out", tmp_path / "out.json", "--in")
    code, out, _ = semsam(*arguments, tmp_path / "some.json")
    assert code == 0
    assert out.endswith("1 images, 4 objects, 0 parts; not carried: 1 rectanglelabels\n")
    assert json.loads(semsam(*arguments, tmp_path / "some.json", "--json")[1])["left"] == {"rectanglelabels": 1}
    code, _, err = semsam(*arguments, tmp_path / "none.json")
    assert (code, "only 1 rectanglelabels" in err) == (2, True)


def test_webhooks_bring_them_too(label_studio, project_folder, body_of):
    body = body_of("webhook_annotation_created_ui")
    body["project"]["label_config"] = body["project"]["label_config"].replace(
        "</View>", '<PolygonLabels name="polygon" toName="image"><Label value="Object"/></PolygonLabels></View>'
    )
    polygon = region("polygon", {"points": [[10, 10], [30, 10], [30, 30]]}, label="Object")
    body["annotation"]["result"] = [{**polygon, "original_width": 640, "original_height": 480}]
    assert label_studio.post("/webhook", json=body).status_code == 201
    label_studio.portal.call(label_studio.app.state.label_studio.hooks.settled)
    with Project.open(project_folder) as project:
        (record,) = project.store.annotations()
    assert decode_rle(record.mask).sum() == pytest.approx(0.02 * 640 * 480, rel=0.02)


NOISE = np.ones((4, 4), bool)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("polygon", {}), ("polygon", {"points": [1, 2, 3]}), ("polygon", {"points": [[1, 2, 3]] * 3}),
        ("polygon", {"points": [["a", 2]] * 3}), ("polygon", {"points": [[float("nan"), 2]] * 3}),
        ("polygon", {"points": [[-9e3, -9e3], [9e3, 9e3]] * 10_000}), ("polygon", {"points": [[1, 1]] * 100_001}),
        ("ellipse", {"x": 1, "y": 1, "radiusX": 1}), ("ellipse", {"x": 1e9, "y": 1, "radiusX": 1, "radiusY": 1}),
        ("bitmask", {}), ("bitmask", {"imageDataURL": "http://a"}), ("bitmask", picture(NOISE)),
        ("bitmask", {"imageDataURL": "data:image/png;base64,AAAA"}),
        ("bitmask", {"imageDataURL": picture(np.ones((HEIGHT, WIDTH), bool))["imageDataURL"][:-40]}),
    ],
)  # fmt: skip
def test_damaged_shapes_are_one_line(kind, value):
    with pytest.raises(BadInput) as failed:
        read_regions([region(kind, value)], CONFIG, HEIGHT, WIDTH)
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize("points", [[], [[1, 1], [9, 9]], [[50, 50]] * 3, [[-50, -50], [-10, -50], [-10, -10]]])
def test_shapes_without_an_inside_are_left_out(points):
    assert read_regions([region("polygon", {"points": points})], CONFIG, HEIGHT, WIDTH) == []
