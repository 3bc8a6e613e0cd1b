"""``semsam labelstudio`` and the doctor against a real Label Studio and a real server."""

import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from semsam_annotate.annotations import Project
from semsam_annotate.api import decode_rle
from semsam_annotate.backend.label_studio.brush_rle import decode_brush, encode_brush

pytestmark = pytest.mark.stress
USER, PASSWORD = "semsam", "a-password-for-tests"


@pytest.fixture(scope="module")
def token(api):
    return api.headers["Authorization"].removeprefix("Token ")


@pytest.fixture(scope="module")
def semsam(api, server, token):
    """Call the program for the served project: exit code, output, complaint."""
    _, address, folder = server

    def run(*command, token=token, backend=address):
        environment = os.environ | {"TOKEN": token, "PAIR": f"{USER}:{PASSWORD}"}
        options = ["--url", str(api.base_url), "--token-env", "TOKEN", "--project", str(folder)]
        if "export" not in command:
            options += ["--backend", backend, "--basic-auth-env", "PAIR"]
        program = [sys.executable, "-m", "semsam_annotate.cli", *map(str, command), *options]
        done = subprocess.run(program, env=environment, capture_output=True, text=True, timeout=300)
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture(scope="module")
def project(semsam):
    """Set up by the command; its id in Label Studio."""
    code, out, err = semsam("labelstudio", "setup", "--title", "administered", "--json")
    assert code == 0, err
    answer = json.loads(out)
    assert [step["did"] for step in answer["steps"]] == ["made", "unchanged", "made", "unchanged"]
    return answer["project"]


@pytest.fixture(scope="module")
def task(api, project):
    buffer = io.BytesIO()
    Image.fromarray(np.arange(60 * 80 * 3, dtype=np.uint8).reshape(60, 80, 3)).save(buffer, "PNG")
    api.post(f"/api/projects/{project}/import", files={"file": ("p.png", buffer.getvalue())}).raise_for_status()
    return api.get("/api/tasks", params={"project": project}).json()["tasks"][0]["id"]


@pytest.fixture(scope="module")
def personal(api):
    """A personal access token, beside the legacy one."""
    both = {"api_tokens_enabled": True, "legacy_api_tokens_enabled": True}
    api.post("/api/jwt/settings", json=both).raise_for_status()
    return api.post("/api/token/").raise_for_status().json()["token"]


def test_setting_up_again_changes_nothing(semsam, project, personal):
    for token in ({}, {"token": personal}):
        code, out, err = semsam("labelstudio", "setup", "--title", "administered", "--json", **token)
        assert code == 0, err
        assert json.loads(out)["changed"] is False


def test_new_names_change_the_config(semsam, api, project, server):
    with Project.open(server[2]) as opened:
        opened.add_classes(["lamp"])
    code, out, _ = semsam("labelstudio", "setup", "--title", "administered", "--json")
    assert (code, [step["did"] for step in json.loads(out)["steps"]][1]) == (0, "changed")
    assert 'value="lamp"' in api.get(f"/api/projects/{project}/").json()["label_config"]


def test_the_doctor_finds_nothing_and_then_what_is_wrong(semsam, task, personal):
    for token in ({}, {"token": personal}):
        code, out, err = semsam("doctor", "labelstudio", "--title", "administered", "--json", **token)
        assert code == 0, out + err
        checks = {(check["name"], check["state"]) for check in json.loads(out)}
        assert {("backend", "ok"), ("webhook", "ok"), ("images", "ok"), ("settings", "ok")} <= checks
    code, out, _ = semsam("doctor", "labelstudio", "--title", "administered", backend="http://127.0.0.1:9")
    assert code == 1
    assert "semsam labelstudio setup" in out
    assert semsam("doctor", "labelstudio", "--title", "administered", token="y" * 40)[0] == 1


def masks():
    """With a hole; in pieces; within the first."""
    ring, pieces, inner = np.zeros((3, 60, 80), bool)
    ring[5:50, 5:60] = True
    ring[20:30, 20:40] = False
    pieces[2:4, 2:4] = pieces[55:58, 70:75] = True
    inner[7:12, 7:12] = True
    return {"cat-1": (ring, "cat", None, 1, 0.91), "cup-1": (pieces, "cup", None, 2, 0.5),
            "ear-1": (inner, "cat:ear", "cat-1", 5, 0.25)}  # fmt: skip


def regions(wanted):
    """As Label Studio stores them, level and score in the controls of the config."""
    found = []
    for id, (mask, label, parent, level, score) in wanted.items():
        size = {"original_width": 80, "original_height": 60, "image_rotation": 0, "id": id, "to_name": "image"}
        value = {"format": "rle", "rle": encode_brush(mask), "brushlabels": [label]}
        brush = {**size, "from_name": "brush", "type": "brushlabels", "value": value, "score": score}
        found.append(brush if parent is None else brush | {"parentID": parent})
        for name, number in (("level", level), ("score", score)):
            found.append({**size, "from_name": name, "type": "number", "value": {"number": number}})
    return found


def exported(semsam, project, folder):
    """Through our COCO file and a project of ours: what every region says."""
    out, images = folder / "out.json", folder / "images"
    code, _, err = semsam("labelstudio", "export", "--ls-project", project, "--out", out, "--images", images)
    assert code == 0, err
    with Project.create(folder / "taken") as taken:
        taken.import_file("coco", out, images)
        records = taken.store.annotations()
    name = {record.id: record.source.external_id.split("/")[1] for record in records}
    return {
        name[r.id]: (decode_rle(r.mask), f"{r.object}:{r.part}" if r.part else r.object, name.get(r.part_of),
                     r.level, r.score)
        for r in records
    }  # fmt: skip


def same(first, second):
    assert first.keys() == second.keys()
    for id, (mask, *said) in first.items():
        assert (mask == second[id][0]).all()
        assert said == list(second[id][1:])


def test_there_and_back_again(semsam, api, project, task, tmp_path):
    sent = regions(masks())
    api.post(f"/api/tasks/{task}/annotations/", json={"result": sent}).raise_for_status()
    (tmp_path / "one").mkdir()
    first = exported(semsam, project, tmp_path / "one")
    same(masks(), first)
    again = api.post(f"/api/tasks/{task}/annotations/", json={"result": regions(first)}).raise_for_status().json()
    stored = api.get(f"/api/annotations/{again['id']}/").json()["result"]
    brushes = {item["id"]: item["value"]["rle"] for item in stored if item["type"] == "brushlabels"}
    assert brushes == {item["id"]: item["value"]["rle"] for item in sent if item["type"] == "brushlabels"}
    assert all(decode_brush(rle, 60, 80).any() for rle in brushes.values())
    (tmp_path / "two").mkdir()
    same(masks(), exported(semsam, project, tmp_path / "two"))
