"""Every recorded exchange is replayed and answered in the shapes that Label Studio accepts."""

import base64
import json
import os
import threading
import time
from pathlib import Path

import pytest

from semsam_annotate.backend.label_studio.brush_rle import decode_brush

FOLDERS = [Path(__file__).parent / "captures"]
if "SEMSAM_REFERENCE" in os.environ:
    FOLDERS.append(Path(os.environ["SEMSAM_REFERENCE"]) / "label_studio" / "captures")
NAMES = {path.stem for folder in FOLDERS for path in folder.glob("*.json")} - {"INDEX", "accepted_shapes"}
SIZES = {"c3202297-img_b.png": (480, 640), "9e0c9dd7-img_a.jpg": (600, 800), "55876ebb-img_exif.jpg": (800, 600)}
SIZES["539799df-img_b.png"] = (480, 640)


def check_region(item, shapes):
    """The keys and the types of a recorded region, and nothing that was not recorded."""
    if item["type"] != "brushlabels":
        names = {"choices": "choice (same id, AFTER the geometry, no rle needed in value)"}
        model = shapes[f"per_region_{names.get(item['type'], item['type'])}"]
        assert model.keys() <= item.keys()
        assert item["value"].keys() == model["value"].keys()
        return
    model = shapes["child_region" if "parentID" in item else "brush_region"]
    assert model.keys() <= item.keys()
    assert item["value"].keys() == model["value"].keys()
    for key in model.keys() & item.keys() - {"score"}:
        assert type(item[key]) is type(model[key]), key
    assert 0 <= item["score"] <= 1
    assert item["image_rotation"] == 0
    assert decode_brush(item["value"]["rle"], item["original_height"], item["original_width"]).any()


def check_prediction(prediction, shapes, task):
    assert prediction.keys() == shapes["response_interactive"]["results"][0].keys()
    assert isinstance(prediction["model_version"], str)
    assert prediction["result"]
    ids = [item["id"] for item in prediction["result"] if item["type"] == "brushlabels"]
    assert len(ids) == len(set(ids))
    height, width = SIZES[task["data"]["image"].rpartition("/")[2]]
    for item in prediction["result"]:
        check_region(item, shapes)
        assert (item["original_height"], item["original_width"]) == (height, width)
        assert item.get("parentID", ids[0]) in ids
        assert item["id"] in ids


@pytest.mark.parametrize("name", sorted(NAMES))
def test_replay(name, captures, label_studio, accepted_shapes):
    request = captures[name]["request"]
    body = request["body_raw"] or None
    answer = label_studio.request(request["method"], request["path"], content=body)
    if request["path"] == "/webhook":
        assert answer.status_code == 201
        assert answer.json()["status"] == "ok"
        return
    assert answer.status_code == 200, answer.text
    if request["path"] == "/setup":
        assert answer.json() == {"model_version": "regions-1"}
    elif request["path"] == "/versions":
        assert answer.json() == {"versions": ["regions-1"]}
    elif request["path"] == "/health":
        assert answer.json()["status"] == "UP"
    else:
        tasks, results = json.loads(body)["tasks"], answer.json()["results"]
        assert len(results) == len(tasks)
        for prediction, task in zip(results, tasks, strict=True):
            check_prediction(prediction, accepted_shapes, task)


def test_a_click_gives_a_ladder_with_levels_and_parents(label_studio, body_of):
    body = body_of("predict_interactive_three_points")
    result = label_studio.post("/predict", json=body).json()["results"][0]["result"]
    brushes = [item for item in result if item["type"] == "brushlabels"]
    assert len(brushes) >= 3
    levels = [int(item["meta"]["text"][0].removeprefix("level ")[0]) for item in brushes]
    assert levels == sorted(levels)
    assert any("parentID" in item for item in brushes)
    assert {item["value"]["brushlabels"][0] for item in brushes} == {"Object", "Part"}
    again = label_studio.post("/predict", json=body).json()["results"][0]["result"]
    assert not {item["id"] for item in brushes} & {item["id"] for item in again}, "ids are fresh"


def test_clicks_on_one_image_encode_once_even_at_the_same_time(label_studio, region_engine, body_of, image_host):
    body = body_of("predict_interactive_three_points")
    body["params"]["context"] = {"event": "prewarm"}
    assert label_studio.post("/predict", json=body).json()["results"][0]["result"] == []
    click = body_of("predict_interactive_three_points")
    threads = [threading.Thread(target=label_studio.post, args=("/predict",), kwargs={"json": click}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert region_engine.encodings == 1
    assert len([path for path, _ in image_host.requests if path.startswith("/data/")]) == 1


def test_a_dropped_embedding_is_encoded_again(label_studio, region_engine, body_of):
    body = body_of("predict_interactive_rectangle")
    assert label_studio.post("/predict", json=body).status_code == 200
    region_engine.images.clear()
    assert label_studio.post("/predict", json=body).status_code == 200
    assert region_engine.encodings == 2


def test_setup_and_health_answer_while_the_engine_works(label_studio, region_engine, body_of):
    started, release = threading.Event(), threading.Event()
    encode = region_engine.encode

    def slow(image, cancel=None):
        started.set()
        release.wait(20)
        return encode(image)

    region_engine.encode = slow
    body = body_of("predict_interactive_rectangle")
    thread = threading.Thread(target=label_studio.post, args=("/predict",), kwargs={"json": body})
    thread.start()
    assert started.wait(10)
    begin = time.monotonic()
    assert label_studio.get("/health").json()["waiting"] == 1
    assert label_studio.post("/setup", json=body_of("setup_post")).status_code == 200
    assert time.monotonic() - begin < 1
    release.set()
    thread.join()


def test_one_missing_image_does_not_cost_the_others_theirs(label_studio, body_of, image_host):
    body = body_of("predict_batch3_several_predictions")
    del image_host.files["/data/upload/1/c3202297-img_b.png"]
    results = label_studio.post("/predict", json=body).json()["results"]
    assert [bool(prediction) for prediction in results] == [True, False, True]
    assert results[1] == [], "Label Studio stores nothing and shows no empty tab"
    body["tasks"] = body["tasks"][1:2]
    assert label_studio.post("/predict", json=body).json() == {"results": [[]]}
    assert "404" in label_studio.get("/status").json()["prelabelling"]["reasons"][0]


def test_an_image_in_the_task_itself(label_studio, body_of, image_host):
    body = body_of("predict_interactive_three_points")
    pixels = base64.b64encode(image_host.files["/data/upload/1/c3202297-img_b.png"]).decode()
    body["tasks"][0]["data"]["image"] = f"data:image/png;base64,{pixels}"
    assert label_studio.post("/predict", json=body).json()["results"][0]["result"]
    assert image_host.requests == []


@pytest.mark.parametrize(
    "change",
    [
        {"tasks": []},
        {"tasks": 5},
        {"tasks": [5]},
        {"tasks": [{}]},
        {"tasks": [{"data": {"image": "http://169.254.169.254/"}}]},
        {"tasks": [{"data": {"image": "/data/upload/../../etc/passwd"}}]},
        {"label_config": ""},
        {"label_config": 5},
        {"label_config": '<!DOCTYPE a [<!ENTITY b "c">]><View>&b;</View>'},
        {"params": {"context": 5}},
        {"params": {"context": {"result": [{"type": "keypointlabels", "value": {"x": 400, "y": 1}}]}}},
    ],
)
def test_bad_requests_get_one_line(label_studio, body_of, change):
    answer = label_studio.post("/predict", json={**body_of("predict_interactive_three_points"), **change})
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}


def test_huge_bodies_are_refused(label_studio):
    assert label_studio.post("/predict", content=b" " * 64_000_001).status_code == 413
    chunks = (b" " * 1_000_000 for _ in range(70))
    assert label_studio.post("/predict", content=chunks).status_code == 413


def test_routes_that_label_studio_ml_has(label_studio):
    assert label_studio.get("/").json()["status"] == "UP"
    assert label_studio.get("/metrics").status_code == 200
