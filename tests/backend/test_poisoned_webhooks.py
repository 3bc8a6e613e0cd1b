"""One strange webhook, or a machine that lacks something for a moment, keeps nothing else from the store."""

import asyncio
import copy
import json
import sqlite3

import pytest

from semsam_annotate.annotations import Project
from semsam_annotate.backend.label_studio.intake import Intake

STRANGE = ["\ud800", "\0", "x\0y", 10**400, {"a": 1}, [1], "x" * 100_000]


def settle(client):
    async def settled():
        await asyncio.wait_for(client.app.state.label_studio.hooks.settled(), 30)

    client.portal.call(settled)


def brush(body):
    return next(item for item in body["annotation"]["result"] if item["type"] == "brushlabels")


def spoil(body, where, strange):
    if where == "id":
        brush(body)["id"] = strange
    elif where == "label":
        brush(body)["value"]["brushlabels"] = [strange]
    elif where == "note":
        brush(body)["meta"] = {"text": strange}
    elif where == "parent":
        brush(body)["parentID"] = strange
    elif where == "name":
        said = {"from_name": "part_name", "to_name": "image", "type": "textarea", "value": {"text": [strange]}}
        body["annotation"]["result"].append({"id": brush(body)["id"], **said})
    elif where == "time":
        body["annotation"]["updated_at"] = strange
    else:
        body["annotation"]["completed_by"] = strange


@pytest.mark.parametrize("where", ["id", "label", "note", "parent", "name", "time", "author"])
def test_what_comes_behind_a_strange_annotation_is_stored(label_studio, project_folder, body_of, where):
    good = body_of("webhook_annotation_created_ui")
    for number, strange in enumerate(STRANGE, 100):
        body = copy.deepcopy(good)
        body["annotation"]["id"] = number
        spoil(body, where, strange)
        answer = label_studio.post("/webhook", content=json.dumps(body))
        assert answer.status_code in (201, 400)
    good["annotation"]["id"] = 99
    assert label_studio.post("/webhook", json=good).status_code == 201
    settle(label_studio)
    assert label_studio.get("/health").json()["webhooks"]["pending"] == 0
    with Project.open(project_folder) as project:
        assert any(record.source.external_id.startswith("99/") for record in project.store.annotations("accepted"))


@pytest.mark.parametrize(
    "lack", [OSError(28, "No space left"), sqlite3.OperationalError("disk is full"), MemoryError()]
)
def test_what_the_machine_lacks_for_a_moment_is_waited_for(label_studio, project_folder, body_of, monkeypatch, lack):
    keep, lacks = Intake._keep_image, [lack, lack]

    def sometimes(self, body):
        if lacks:
            raise lacks.pop()
        return keep(self, body)

    monkeypatch.setattr(Intake, "_keep_image", sometimes)
    label_studio.app.state.label_studio.hooks.retry_seconds = 0.05
    assert label_studio.post("/webhook", json=body_of("webhook_annotation_created_ui")).status_code == 201
    while lacks:
        settle(label_studio)
    settle(label_studio)
    spool = label_studio.app.state.label_studio.hooks.spool
    while spool.counts()["pending"]:
        settle(label_studio)
    assert spool.counts()["failed"] == 0
    with Project.open(project_folder) as project:
        assert len(project.store.annotations("accepted")) == 1
