"""Behind a real Label Studio's back: predictions written once, annotations taken in that no webhook told of."""

import io
import json
import os
import subprocess
import sys
import time

import httpx
import numpy as np
import pytest
from PIL import Image
from skimage import data

from semsam_annotate.annotations import Project
from semsam_annotate.backend.label_studio.brush_rle import decode_brush, encode_brush

pytestmark = pytest.mark.stress
TASKS = 14
USER, PASSWORD = "semsam", "a-password-for-tests"


@pytest.fixture(scope="module")
def project(api, studio):
    """A project of crops of one photo, with the same backend."""
    config = api.get(f"/api/projects/{studio.project}/").json()["label_config"]
    id = api.post("/api/projects", json={"title": "prelabelled", "label_config": config}).json()["id"]
    for place in range(TASKS):
        file = io.BytesIO()
        Image.fromarray(np.roll(data.coffee(), 17 * place, axis=1)).save(file, "PNG")
        api.post(f"/api/projects/{id}/import", files={"file": (f"{place}.png", file.getvalue())}).raise_for_status()
    (there,) = studio.get("/api/ml")
    added = {
        "url": there["url"], "project": id, "is_interactive": True, "title": "semsam",
        "auth_method": "BASIC_AUTH", "basic_auth_user": USER, "basic_auth_pass": PASSWORD,
    }  # fmt: skip
    assert api.post("/api/ml", json=added).status_code == 201
    return id


def told(address):
    """What the administrator sees."""
    url = httpx.URL(address)
    answer = httpx.get(f"http://{url.host}:{url.port}/status", auth=(USER, PASSWORD), timeout=60)
    return answer.raise_for_status().json()["prelabelling"]


def retrieve(api, project):
    path = f"/api/dm/actions?id=retrieve_tasks_predictions&project={project}"
    body = {"selectedItems": {"all": True, "excluded": []}, "project": str(project)}
    begin = time.monotonic()
    api.post(path, json=body).raise_for_status()
    return time.monotonic() - begin


def predictions(api, project):
    return api.get("/api/predictions/", params={"project": project}).raise_for_status().json()


def test_a_project_is_prelabelled_in_the_background(api, server, project):
    seconds = retrieve(api, project)
    first = predictions(api, project)
    print(f"{len(first)} of {TASKS} answered in {seconds:.1f} s")
    assert seconds < 60
    retrieve(api, project)
    until = time.monotonic() + 600
    while (state := told(server[1]))["waiting"] and time.monotonic() < until:
        time.sleep(1)
    assert (state["waiting"], state["failed"]) == (0, 0), state
    found = predictions(api, project)
    assert sorted(row["task"] for row in found) == sorted({row["task"] for row in found}), "each once"
    assert len(found) == TASKS
    for row in found:
        brushes = [item for item in row["result"] if item["type"] == "brushlabels"]
        assert brushes, "no empty tab"
        assert all(decode_brush(item["value"]["rle"], 400, 600).any() for item in brushes)
    task = api.get(f"/api/tasks/{found[0]['task']}/").json()
    assert [row["id"] for row in task["predictions"]] == [found[0]["id"]]


@pytest.fixture
def reconcile(api, tmp_path):
    """Compare a project of Label Studio with a project of ours that no server serves: (created, updated, deleted)."""
    Project.create(tmp_path / "quiet", objects=["cat", "cup"]).close()

    def run(project):
        command = [
            sys.executable,
            "-m",
            "semsam_annotate.cli",
            "labelstudio",
            "reconcile",
            "--json",
            "--token-env",
            "TOKEN",
        ]
        command += ["--url", str(api.base_url), "--project", str(tmp_path / "quiet"), "--ls-project", str(project)]
        token = api.headers["Authorization"].removeprefix("Token ")
        done = subprocess.run(command, env=os.environ | {"TOKEN": token}, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert (answer["waiting"], answer["reasons"]) == (0, [])
        missed = answer["missed"][str(project)]
        with Project.open(tmp_path / "quiet") as opened:
            records = opened.store.annotations()
        ids = sorted(record.source.external_id.partition("/")[0] for record in records)
        return (missed["created"], missed["updated"], missed["deleted"]), ids

    return run


def brush(number):
    mask = np.zeros((400, 600), bool)
    mask[10 : 20 + number, 10:50] = True
    return {
        "id": f"region{number}", "from_name": "brush", "to_name": "image", "type": "brushlabels", "image_rotation": 0,
        "original_width": 600, "original_height": 400,
        "value": {"format": "rle", "rle": encode_brush(mask), "brushlabels": ["cat"]},
    }  # fmt: skip


def test_annotations_are_taken_in_that_no_webhook_told_of(api, project, reconcile):
    tasks = sorted(row["id"] for row in api.get("/api/tasks", params={"project": project}).json()["tasks"])[:5]
    made = []
    for number, task in enumerate(tasks):
        answer = api.post(f"/api/tasks/{task}/annotations/", json={"result": [brush(number)], "lead_time": 2.0})
        made.append(str(answer.raise_for_status().json()["id"]))
    first, second, third, *_ = made
    assert reconcile(project) == ((5, 0, 0), sorted(made))
    assert reconcile(project) == ((0, 0, 0), sorted(made))
    api.patch(f"/api/annotations/{first}/", json={"result": [brush(30)]}).raise_for_status()
    api.patch(f"/api/annotations/{second}/", json={"result": [], "was_cancelled": True}).raise_for_status()
    api.delete(f"/api/annotations/{third}/").raise_for_status()
    action = f"/api/dm/actions?id=delete_tasks_annotations&project={project}"
    chosen = {"selectedItems": {"all": False, "included": [tasks[3]]}, "project": str(project)}
    api.post(action, json=chosen).raise_for_status()
    api.delete(f"/api/tasks/{tasks[4]}/").raise_for_status()
    assert reconcile(project) == ((0, 2, 3), [first])
    assert reconcile(project) == ((0, 0, 0), [first])
