"""Pre-labelling a project of a real Label Studio: what is left over is written through its predictions API, once."""

import io
import time

import httpx
import numpy as np
import pytest
from PIL import Image
from skimage import data

from semsam_annotate.backend.label_studio.brush_rle import decode_brush

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
