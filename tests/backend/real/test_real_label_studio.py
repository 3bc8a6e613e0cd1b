"""The whole way through a real Label Studio: click, ladder, batch, submitted annotations, training."""

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from semsam_annotate.api import decode_rle
from semsam_annotate.backend.label_studio.brush_rle import decode_brush, encode_brush

pytestmark = pytest.mark.stress
DECODE = """
import json, sys
from label_studio_sdk.converter.brush import decode_rle
print(json.dumps([int(sum(decode_rle(rle)[3::4] > 0)) for rle in json.load(sys.stdin)]))
"""


def point(x, y, label="cat", positive=True):
    """A smart keypoint as the front end sends it, at percent of the 451x300 cat."""
    return {
        "original_width": 451, "original_height": 300, "image_rotation": 0, "is_positive": positive,
        "value": {"x": x, "y": y, "width": 0.3, "labels": [label], "keypointlabels": [label]},
        "id": "fep7GGvQk5", "from_name": "kp", "to_name": "image", "type": "keypointlabels", "origin": "manual",
    }  # fmt: skip


def masks(answer):
    return [item for item in answer["result"] if item["type"] == "brushlabels"]


def test_label_studio_takes_the_backend(studio):
    (backend,) = studio.get("/api/ml")
    assert (backend["state"], backend["is_interactive"]) == ("CO", True)
    (hook,) = studio.get("/api/webhooks")
    assert "/hook/" in hook["url"]


def test_a_click_gives_a_ladder(studio, executable):
    answer = studio.click(studio.tasks[0], point(50, 50))
    rungs = masks(answer)
    assert 2 <= len(rungs) <= 6
    for rung in rungs:
        mask = decode_brush(rung["value"]["rle"], 300, 451)
        assert mask.any()
        assert (rung["original_width"], rung["original_height"]) == (451, 300)
        assert rung["value"]["brushlabels"][0] in ("cat", "cat:ear", "Object", "Part")
        assert 0 <= rung["score"] <= 1
    levels = [rung["meta"]["text"][0].partition(" · ")[0] for rung in rungs]
    assert set(levels) <= {f"level {level}" for level in range(1, 7)}
    areas = [int(decode_brush(rung["value"]["rle"], 300, 451).sum()) for rung in rungs]
    python = Path(executable).with_name("python")
    theirs = subprocess.run(
        [python, "-c", DECODE], input=json.dumps([rung["value"]["rle"] for rung in rungs]),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(theirs.stdout) == areas, "Label Studio's own decoder sees the same masks"
    assert len(set(areas)) == len(areas), "each its own mask"


def test_further_points_and_a_box(studio):
    refined = masks(studio.click(studio.tasks[0], point(50, 50), point(5, 5, positive=False)))
    assert refined
    assert not any(decode_brush(rung["value"]["rle"], 300, 451)[14, 22] for rung in refined[-1:])
    box = point(50, 50) | {"from_name": "box", "type": "rectanglelabels"}
    box["value"] = {"x": 20, "y": 10, "width": 60, "height": 80, "rotation": 0, "rectanglelabels": ["cat"]}
    del box["is_positive"]
    assert masks(studio.click(studio.tasks[0], box))


def test_batch_predictions_are_stored(studio):
    studio.post(
        f"/api/dm/actions?id=retrieve_tasks_predictions&project={studio.project}",
        selectedItems={"all": True, "excluded": []}, project=str(studio.project),
    )  # fmt: skip
    stored = studio.get("/api/predictions")
    assert {prediction["task"] for prediction in stored} == set(studio.tasks)
    (backend,) = studio.get("/api/ml")
    for prediction in stored:
        assert prediction["model_version"] == backend["model_version"]
        assert masks(prediction)


def test_the_store_follows_an_annotation(studio):
    rung = masks(studio.click(studio.tasks[0], point(50, 50)))[0] | {"origin": "manual"}
    made = studio.post(f"/api/tasks/{studio.tasks[0]}/annotations/", result=[rung], lead_time=4.5)
    (record,) = studio.settled(lambda records: len(records) == 1)
    mask = decode_brush(rung["value"]["rle"], 300, 451)
    label = rung["value"]["brushlabels"][0]
    assert (decode_rle(record.mask) == mask).all()
    assert label in (record.object, f"{record.object}:{record.part}") or label in ("Object", "Part")
    assert (record.score, record.clicks, record.seconds) == (pytest.approx(rung["score"], abs=1e-4), 1, 4.5)
    assert rung["meta"]["text"][0].startswith(f"level {record.level} · ")
    assert (studio.folder / record.image.path).is_file()

    edited = mask.copy()
    edited[:20, :20] ^= True
    changed = rung | {"value": rung["value"] | {"rle": encode_brush(edited), "brushlabels": ["cat"]}}
    path = f"/api/annotations/{made['id']}/"
    assert studio.api.patch(path, json={"result": [changed]}).status_code == 200
    (record,) = studio.settled(lambda records: len(records) == 1 and (decode_rle(records[0].mask) == edited).all())
    assert (record.kind, record.object, record.part) == ("object", "cat", None)
    assert len(studio.accepted("superseded")) == 1

    assert studio.api.delete(path).status_code == 204
    assert studio.settled(lambda records: not records) == []


def test_train_returns_at_once_and_runs_beside_the_server(studio):
    rung = masks(studio.click(studio.tasks[0], point(50, 50)))[0] | {"origin": "manual"}
    studio.post(f"/api/tasks/{studio.tasks[0]}/annotations/", result=[rung])
    studio.settled(len)
    started = time.monotonic()
    studio.post(f"/api/ml/{studio.backend}/train")
    assert time.monotonic() - started < 10
    children = [
        int(child)
        for file in Path(f"/proc/{studio.server.pid}/task").glob("*/children")
        for child in file.read_text().split()
    ]
    try:
        assert any(b"retrain" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0") for child in children)
        assert (studio.folder / "label-studio" / "retrain.log").exists()
        assert masks(studio.click(studio.tasks[0], point(40, 40))), "clicks are answered meanwhile"
    finally:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
