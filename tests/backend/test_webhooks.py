"""Annotations land in the store once, whatever is repeated, reordered, damaged or killed."""

import copy
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from semsam_annotate.annotations import Project
from semsam_annotate.api import decode_rle
from semsam_annotate.backend.label_studio.brush_rle import decode_brush, encode_brush
from semsam_annotate.backend.label_studio.spool import Spool

HOOK = "a-secret-of-the-webhook-path"


def settle(client):
    """Wait until every webhook that can be applied has been."""
    client.portal.call(client.app.state.label_studio.hooks.settled)


def send(client, body):
    answer = client.post(f"/hook/{HOOK}/webhook", json=body, headers={"Authorization": ""})
    assert answer.status_code == 201, answer.text
    settle(client)


def accepted(folder, status="accepted"):
    with Project.open(folder) as project:
        return project.store.annotations(status)


@pytest.fixture
def created(body_of):
    return body_of("webhook_annotation_created_ui")


def region(id, box, label, parent=None):
    mask = np.zeros((480, 640), bool)
    mask[box[0] : box[1], box[2] : box[3]] = True
    item = {
        "id": id, "from_name": "brush", "to_name": "image", "type": "brushlabels", "original_width": 640,
        "original_height": 480, "image_rotation": 0,
        "value": {"format": "rle", "rle": encode_brush(mask), "brushlabels": [label]},
    }  # fmt: skip
    return item if parent is None else {**item, "parentID": parent}


def test_created_lands_once_however_often_it_comes(label_studio, project_folder, created):
    for _ in range(3):
        send(label_studio, created)
    (record,) = accepted(project_folder, None)
    sent = created["annotation"]["result"][0]
    assert (decode_rle(record.mask) == decode_brush(sent["value"]["rle"], 480, 640)).all()
    assert (record.level, record.score, record.kind) == (3, 0.75, "object")
    assert record.source.system == "label-studio"
    assert record.source.external_id.startswith("1/cand3/")
    assert record.seconds == pytest.approx(7.797)
    assert (project_folder / record.image.path).is_file()


@pytest.mark.parametrize(
    ("texts", "level"),
    [
        (["level 4 · score 0.75 · object car 0.60"], 4),
        (["level 7", "sea level 2"], 2),
        (["levels 3"], None),
        ("level 5", 5),
    ],
)
def test_the_level_is_read_from_the_note(label_studio, project_folder, created, texts, level):
    created["annotation"]["result"][0]["meta"] = {"text": texts}
    created["annotation"]["result"] = created["annotation"]["result"][:1]
    send(label_studio, created)
    (record,) = accepted(project_folder)
    assert record.level == level


def test_a_repeated_webhook_changes_nothing_after_a_restart(label_studio, project_folder, created):
    send(label_studio, created)
    hooks = label_studio.app.state.label_studio.hooks
    hooks.spool.applied("1", "1", "")
    send(label_studio, created)
    assert len(accepted(project_folder, None)) == 1


def test_the_same_mask_under_a_keypoint_is_left_out(label_studio, project_folder, created):
    twin = copy.deepcopy(created["annotation"]["result"][0])
    twin["type"], twin["from_name"] = "keypointlabels", "kp"
    twin["value"]["keypointlabels"] = twin["value"].pop("brushlabels")
    created["annotation"]["result"] += [twin, twin]
    send(label_studio, created)
    assert len(accepted(project_folder, None)) == 1


def test_an_update_corrects_adds_and_removes(label_studio, project_folder, created):
    result = created["annotation"]["result"] = [
        region("part", (10, 20, 10, 20), "Part", "whole"),
        region("whole", (0, 40, 0, 40), "Object"),
        region("other", (100, 140, 0, 40), "Object"),
    ]
    result.append(
        {"id": "part", "from_name": "part_name", "to_name": "image", "type": "textarea", "value": {"text": ["wheel"]}}
    )
    send(label_studio, created)
    first = {record.source.external_id.split("/")[1]: record for record in accepted(project_folder)}
    assert first["part"].part_of == first["whole"].id
    assert (first["part"].kind, first["part"].part) == ("part", "wheel")
    updated = copy.deepcopy(created)
    updated["action"], updated["annotation"]["updated_at"] = "ANNOTATION_UPDATED", "2026-11-21T00:06:00.000000Z"
    updated["annotation"]["result"] = [
        region("part", (10, 22, 10, 20), "Part", "whole"),
        result[1],
        result[3],
        region("new", (200, 240, 0, 40), "Object"),
    ]
    for body in (updated, created, updated):
        send(label_studio, body)
    now = {record.source.external_id.split("/")[1]: record for record in accepted(project_folder)}
    assert now.keys() == {"part", "whole", "new"}
    assert now["whole"].id == first["whole"].id
    assert now["part"].supersedes == first["part"].id
    assert now["part"].part_of == now["whole"].id
    assert decode_rle(now["part"].mask).sum() == 120


def test_deleted_and_skipped_annotations_leave(label_studio, project_folder, created, body_of):
    deleted = body_of("webhook_annotations_deleted")
    send(label_studio, created)
    for body in (deleted, deleted, created):
        send(label_studio, body)
    assert accepted(project_folder) == []
    assert len(accepted(project_folder, "deleted")) == 1
    created["annotation"]["id"] = 7
    send(label_studio, created)
    assert len(accepted(project_folder)) == 1
    skipped = {**created["annotation"], "result": [], "was_cancelled": True, "updated_at": "2026-11-22T00:00:00Z"}
    send(label_studio, {**created, "action": "ANNOTATION_UPDATED", "annotation": skipped})
    assert accepted(project_folder) == []


def test_a_suggestion_that_is_accepted_brings_its_ladder(label_studio, project_folder, created, body_of):
    click = body_of("predict_interactive_three_points")
    result = label_studio.post("/predict", json=click).json()["results"][0]["result"]
    created["annotation"]["result"] = [result[1]]
    send(label_studio, created)
    (record,) = accepted(project_folder)
    assert record.ladder is not None
    assert record.ladder[record.rung].rle == record.mask
    assert (record.clicks, record.prompt.labels, record.model) == (3, (1, 0, 1), "regions-1")


def test_damaged_masks_are_put_aside_with_their_reason(label_studio, project_folder, body_of):
    send(label_studio, body_of("webhook_annotation_created"))
    spool = label_studio.app.state.label_studio.hooks.spool
    assert spool.counts() == {"pending": 0, "failed": 1}
    assert "brush mask" in spool.failures()[0]
    assert accepted(project_folder, None) == []
    assert label_studio.get("/health").json()["webhooks"]["failed"] == 1


def test_news_wait_while_label_studio_is_down(label_studio, project_folder, created, image_host):
    image_host.up = False
    send(label_studio, created)
    spool = label_studio.app.state.label_studio.hooks.spool
    assert spool.counts() == {"pending": 1, "failed": 0}
    image_host.up = True
    label_studio.post("/setup", json={"project": "1.5", "hostname": "http://localhost:1", "access_token": "t"})
    settle(label_studio)
    assert spool.counts() == {"pending": 0, "failed": 0}
    assert len(accepted(project_folder)) == 1


@pytest.mark.parametrize(
    "path", ["/webhook", "/hook/another-secret-entirely/webhook", f"/hook/{HOOK}/predict", f"/hook/{HOOK}"]
)
def test_only_webhooks_pass_by_the_secret(label_studio, created, path):
    assert label_studio.post(path, json=created, headers={"Authorization": ""}).status_code == 401


def test_everything_works_below_the_base_path_with_auth(label_studio, body_of):
    assert label_studio.get(f"/hook/{HOOK}/health").status_code == 200
    assert label_studio.post(f"/hook/{HOOK}/setup", json=body_of("setup_post")).status_code == 200


def test_training_needs_auth_and_returns_at_once(label_studio, body_of, monkeypatch):
    retraining = label_studio.app.state.label_studio.retraining
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(type(retraining), "command", lambda _: sleeper)
    body = body_of("webhook_start_training_basic_auth")
    assert label_studio.post(f"/hook/{HOOK}/webhook", json=body, headers={"Authorization": ""}).status_code == 401
    assert retraining.state() == "idle"
    begin = time.monotonic()
    first = label_studio.post("/webhook", json=body).json()["job"]
    second = label_studio.post("/webhook", json=body).json()["job"]
    assert time.monotonic() - begin < 1
    assert (first["state"], second["state"]) == ("started", "running")
    assert first["pid"] == second["pid"]
    os.kill(first["pid"], signal.SIGKILL)
    until = time.monotonic() + 10
    while retraining.state() == "running" and time.monotonic() < until:
        time.sleep(0.02)
    assert retraining.state() == "ended with -9"


@pytest.mark.parametrize(
    "body",
    [
        {"action": "ANNOTATION_CREATED"},
        {"action": "ANNOTATION_CREATED", "project": {"id": 1}},
        {"action": "ANNOTATION_CREATED", "project": {"id": "1/2"}, "annotation": {"id": 1}},
        {"action": "ANNOTATION_CREATED", "project": {"id": 1}, "annotation": {"id": None}},
        {"action": "ANNOTATIONS_DELETED", "project": {"id": 1}, "annotations": 5},
        {"action": "ANNOTATIONS_CREATED", "project": {"id": 1}, "annotations": [5]},
    ],
)
def test_damaged_webhooks_are_refused(label_studio, body):
    assert label_studio.post("/webhook", json=body).status_code == 400


@pytest.mark.parametrize("action", ["PROJECT_UPDATED", "TASKS_CREATED", "SOMETHING_NEW", None])
def test_other_news_are_fine(label_studio, action):
    assert label_studio.post("/webhook", json={"action": action}).status_code == 201


def test_nothing_kept_is_lost_by_kill_minus_nine(tmp_path):
    code = (
        "import sys; from pathlib import Path; from semsam_annotate.backend.label_studio.spool import Spool\n"
        "spool = Spool(Path(sys.argv[1]))\n"
        "for number in range(10**6):\n"
        "    spool.put('1', str(number).encode()); print(number, flush=True)\n"
    )
    path = tmp_path / "webhooks.sqlite"
    for _ in range(3):
        path.unlink(missing_ok=True)
        child = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
        told = [int(child.stdout.readline()) for _ in range(15)]
        child.kill()
        told += [int(line) for line in child.stdout.read().splitlines() if line]
        child.wait()
        child.stdout.close()
        spool = Spool(path)
        kept = [int(spool.read(seq).payload) for seq, _ in spool.pending()]
        spool.close()
        assert kept[: len(told)] == told
