"""Two Label Studios with projects of the same number against one server, or one server each: nothing is mixed up."""

import asyncio
import copy

import pytest
from fastapi.testclient import TestClient

from semsam_annotate.annotations import Project
from semsam_annotate.backend.app import create_app
from semsam_annotate.backend.auth import Credentials
from semsam_annotate.backend.label_studio.connections import Connection, Connections
from semsam_annotate.backend.label_studio.errors import TryLater
from semsam_annotate.backend.settings import ServerSettings

TOKEN = "a-token-for-tests"
FIRST, SECOND = "2026-11-20T23:58:12.134456Z", "2026-11-21T10:00:00.500000Z"
UIDS = {FIRST: "1.1795219092", SECOND: "1.1795255200"}
UPLOAD = "/data/upload/1/c3202297-img_b.png"


@pytest.fixture
def another_host(image_hosts):
    """A second Label Studio, whose images want another token."""
    host = image_hosts()
    host.token = f"Token {'y' * 40}"
    return host


@pytest.fixture
def shared(region_engine, project_folder):
    """One server that no Label Studio was named to: those on this machine introduce themselves."""
    settings = ServerSettings(credentials=Credentials(token=TOKEN), project=project_folder)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with TestClient(create_app(settings, region_engine), headers=headers) as client:
        yield client


def introduce(client, body, made, host, token):
    body = {**body, "project": UIDS[made], "hostname": host.url, "access_token": token}
    assert client.post("/setup", json=body).status_code == 200


def images(host):
    """The images that a Label Studio was asked for."""
    return [path for path, _ in host.requests if path.startswith("/data/")]


def test_each_is_asked_for_its_own_images_with_its_own_token(shared, image_host, another_host, body_of):
    setup, click = body_of("setup_post"), body_of("predict_interactive_three_points")
    introduce(shared, setup, FIRST, image_host, "x" * 40)
    introduce(shared, setup, SECOND, another_host, "y" * 40)
    assert shared.post("/predict", json={**click, "project": UIDS[FIRST]}).status_code == 200
    assert images(another_host) == []
    del another_host.files[UPLOAD]
    assert shared.post("/predict", json={**click, "project": UIDS[SECOND]}).status_code == 400, "not the other's image"
    assert images(image_host) == [UPLOAD]
    assert images(another_host) == [UPLOAD]
    assert {token for _, token in image_host.requests} == {f"Token {'x' * 40}"}
    assert {token for _, token in another_host.requests} == {f"Token {'y' * 40}"}
    assert shared.post("/predict", json={**click, "project": "1.5"}).status_code == 400
    assert len(images(image_host)) == len(images(another_host)) == 1


def test_annotations_of_one_number_stay_apart(shared, image_host, another_host, project_folder, body_of):
    setup, created = body_of("setup_post"), body_of("webhook_annotation_created_ui")
    introduce(shared, setup, FIRST, image_host, "x" * 40)
    introduce(shared, setup, SECOND, another_host, "y" * 40)
    other, gone = copy.deepcopy(created), body_of("webhook_annotations_deleted")
    other["project"]["created_at"] = gone["project"]["created_at"] = SECOND
    gone["annotations"] = [{"id": created["annotation"]["id"]}]
    for body in (created, other):
        assert shared.post("/webhook", json=body).status_code == 201
    settle(shared)
    assert sources(project_folder) == {"1", UIDS[SECOND]}
    shared.post("/webhook", json=gone)
    settle(shared)
    assert sources(project_folder) == {"1"}, "the other's annotation of that number stays"


def settle(client):
    async def settled():
        await asyncio.wait_for(client.app.state.label_studio.hooks.settled(), 30)

    client.portal.call(settled)


def sources(folder):
    with Project.open(folder) as project:
        return {record.source.project for record in project.store.annotations("accepted")}


def test_a_number_alone_is_enough_until_two_have_it():
    known = Connections(None, None)
    known.remember(UIDS[FIRST], "http://localhost:1", "first")
    assert known.of("1") == known.of(UIDS[FIRST]) == Connection("http://localhost:1", "first")
    known.remember(UIDS[SECOND], "http://localhost:2", "second")
    assert known.of(UIDS[SECOND]) == Connection("http://localhost:2", "second")
    for unknown in ("1", "1.5", "2", ""):
        with pytest.raises(TryLater):
            known.of(unknown)


def test_servers_of_two_projects_share_nothing(region_engine, tmp_path, image_host, body_of):
    """What keeps tenants apart who do not trust each other: a server, a project and credentials for each."""
    servers = []
    for name in ("first", "second"):
        settings = ServerSettings(
            credentials=Credentials(token=f"token-of-{name}", hook_secret=f"hook-secret-of-{name}"),
            project=tmp_path / name, label_studio_url=image_host.url, label_studio_token="x" * 40,
        )  # fmt: skip
        servers.append(TestClient(create_app(settings, region_engine)))
    first, second = servers
    with first, second:
        key = {"Authorization": "Bearer token-of-first"}
        body = body_of("webhook_annotation_created_ui")
        assert first.post("/hook/hook-secret-of-first/webhook", json=body).status_code == 201
        assert second.post("/hook/hook-secret-of-first/webhook", json=body).status_code == 401
        settle(first)
        settle(second)
        assert first.get("/status", headers=key).status_code == 200
        assert second.get("/status", headers=key).status_code == 401
        said = {"Authorization": "Bearer token-of-second"}
        assert second.get("/status", headers=said).json()["annotations"]["accepted"] == 0
    assert sources(tmp_path / "first") == {"1"}
    assert sources(tmp_path / "second") == set()
