"""What ``semsam next`` ranks is what a real Label Studio opens next."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from skimage import data

from semsam_annotate.annotations import Project, image_sha256, read_image

pytestmark = pytest.mark.stress
TASKS = 5
USER, PASSWORD = "semsam", "a-password-for-tests"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of photos, no two alike, and what they are called by their pixels."""
    folder = tmp_path_factory.mktemp("ranked")
    whole = [data.chelsea(), data.coffee(), data.astronaut(), data.rocket(), data.immunohistochemistry()]
    for number, photo in enumerate(whole[:TASKS]):
        Image.fromarray(np.ascontiguousarray(photo)).save(folder / f"photo-{number}.png")
    return folder, {image_sha256(read_image(path)): path.name for path in folder.iterdir()}


@pytest.fixture(scope="module")
def ranked(server, photos):
    """Names of the photos as ``semsam next`` ranks them."""
    folder, names = server[2], photos[1]
    with Project.open(folder) as project:
        project.add_images([photos[0]])
    command = [sys.executable, "-m", "semsam_annotate.cli", "next", "--project", str(folder), "--strategy", "entropy"]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=600, env=os.environ)
    assert done.returncode == 0, done.stderr
    found = [os.path.basename(image["path"]) for image in json.loads(done.stdout)["images"]]
    assert sorted(found) == sorted(names.values())
    return found


def test_tasks_open_in_the_order_of_the_project(api, studio, ranked, photos):
    there = api.get(f"/api/projects/{studio.project}/").json()
    made = {"title": "ranked", "label_config": there["label_config"], "sampling": "Uncertainty sampling"}
    id = api.post("/api/projects", json=made).json()["id"]
    for path in sorted(photos[0].iterdir()):
        api.post(f"/api/projects/{id}/import", files={"file": (path.name, path.read_bytes())}).raise_for_status()
    (backend,) = studio.get("/api/ml")
    added = {
        "url": backend["url"], "project": id, "is_interactive": True, "title": "semsam",
        "auth_method": "BASIC_AUTH", "basic_auth_user": USER, "basic_auth_pass": PASSWORD,
    }  # fmt: skip
    api.post("/api/ml", json=added).raise_for_status()
    chosen = {"selectedItems": {"all": True, "excluded": []}, "project": str(id)}
    api.post(f"/api/dm/actions?id=retrieve_tasks_predictions&project={id}", json=chosen).raise_for_status()
    predictions = api.get("/api/predictions/", params={"project": id}).raise_for_status().json()
    assert len(predictions) == TASKS
    api.patch(f"/api/projects/{id}/", json={"model_version": predictions[0]["model_version"]}).raise_for_status()
    opened = []
    for _ in range(TASKS):
        task = api.get(f"/api/projects/{id}/next").raise_for_status().json()
        opened.append(task["data"]["image"].partition("-")[2])
        api.post(f"/api/tasks/{task['id']}/annotations/", json={"result": [], "lead_time": 1.0}).raise_for_status()
    assert opened == ranked
