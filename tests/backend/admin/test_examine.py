"""The doctor says what a real Label Studio lacks, as recorded, and how to mend it."""

import json
import re
import threading
from dataclasses import replace
from email.utils import formatdate
from time import time

import pytest
import uvicorn

from semsam_annotate.annotations import ObjectClass, PartClass, ProjectConfig
from semsam_annotate.api import Vocabulary
from semsam_annotate.backend.app import create_app
from semsam_annotate.backend.auth import Credentials
from semsam_annotate.backend.label_studio.admin.client import LabelStudioApi
from semsam_annotate.backend.label_studio.admin.examine import Subject, examine
from semsam_annotate.backend.label_studio.admin.examine_project import ProjectExam
from semsam_annotate.backend.label_studio.admin.examine_server import Server
from semsam_annotate.backend.label_studio.admin.examine_studio import examine_studio
from semsam_annotate.backend.label_studio.admin.labelling import labelling_config
from semsam_annotate.backend.label_studio.admin.setting_up import Wanted, set_up
from semsam_annotate.backend.label_studio.connections import Connection
from semsam_annotate.backend.server import bind
from semsam_annotate.backend.settings import ServerSettings

TOKEN, PASSWORD, SECRET = "x" * 40, "a-token-for-tests", "a-secret-of-the-webhook-path"
CAR = ProjectConfig(objects=(ObjectClass("car"),), parts=(PartClass("wheel", objects=("car",)),))
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)
ALL = ("object_labels", "part_labels")


def states(checks):
    return [(check.name, check.state) for check in checks]


def made(api, serving, title):
    wanted = Wanted(title, labelling_config(CAR), serving, "semsam", PASSWORD)
    return set_up(api, wanted)[0]


def exam(api, number, serving, capabilities=ALL, words=None):
    row = api.get(f"/api/projects/{number}/")
    return list(
        ProjectExam(api, row, serving, Connection(api.origin, TOKEN), words or CAR.vocabulary(), capabilities).examine()
    )


def test_all_is_well(studio, serving):
    with LabelStudioApi(studio.url, TOKEN) as api:
        number = made(api, serving, "well")
        api.post(f"/api/projects/{number}/import", {"image": PIXEL})
        checks = [*examine_studio(api, serving), *exam(api, number, serving)]
    assert {state for _, state in states(checks)} == {"ok"}
    assert [name for name, _ in states(checks)] == [
        "address", "token", "version", "clock", "settings", "settings",
        "project", "backend", "webhook", "config", "images",
    ]  # fmt: skip
    assert all(check.remedy == "" and "\n" not in check.line() for check in checks)


def test_one_that_blocks_us(studio, serving):
    with LabelStudioApi(studio.url, TOKEN) as api:
        blocked = [check for check in examine_studio(api, serving) if check.state == "blocks"]
    assert [check.remedy for check in blocked] == [
        "start Label Studio with ML_BLOCK_LOCAL_IP=false",
        "start Label Studio with SSRF_PROTECTION_ENABLED=false",
    ]


def test_a_project_that_nobody_set_up(studio, serving):
    brush = '<BrushLabels name="b" toName="i"><Label value="car"/></BrushLabels>'
    config = f'<View><Image name="i" value="$photo"/>{brush}</View>'
    with LabelStudioApi(studio.url, TOKEN) as api:
        body = {"title": "bare", "label_config": config, "show_collab_predictions": True}
        number = api.post("/api/projects", body)["id"]
        api.post("/api/webhooks/", {"url": serving.replace("9090", "9") + "webhook", "project": number})
        checks = exam(api, number, serving, capabilities=())
        assert states(checks) == [
            ("project", "ok"), ("backend", "blocks"), ("webhook", "blocks"), ("webhook", "warning"),
            ("config", "ok"), ("config", "blocks"), ("config", "warning"), ("config", "warning"),
            ("images", "warning"), ("prelabels", "warning"),
        ]  # fmt: skip
        assert all(check.remedy for check in checks if check.state != "ok")
        assert "wheel" in checks[6].detail
        assert "names no objects" in checks[7].detail
        assert "a-secret" not in " ".join(check.line() for check in checks)
        api.post(f"/api/projects/{number}/import", {"photo": "/data/local-files/?d=gone.png"})
        local = exam(api, number, serving)[-2]
        api.patch(f"/api/projects/{number}/", {"label_config": config.replace("BrushLabels", "PolygonLabels")})
        polygons = exam(api, number, serving)
    assert (local.name, local.state) == ("images", "blocks")
    assert "Local files storage" in local.remedy
    assert [check.state for check in polygons if check.name == "config"] == ["blocks"]


def test_a_webhook_switched_off(studio, serving):
    with LabelStudioApi(studio.url, TOKEN) as api:
        number = made(api, serving, "stopped")
        hook = api.get("/api/webhooks/", {"project": number})[0]
        api.patch(f"/api/webhooks/{hook['id']}/", {"is_active": False})
        checks = {check.name: check for check in exam(api, number, serving)}
    assert checks["webhook"].state == "blocks"
    assert "switched off" in checks["webhook"].detail


@pytest.fixture
def server(region_engine, project_folder):
    """Our server on a port of its own; its address with the secret."""
    settings = ServerSettings(credentials=Credentials(token=PASSWORD, hook_secret=SECRET), project=project_folder)
    with bind("127.0.0.1", 0) as listener:
        running = uvicorn.Server(uvicorn.Config(create_app(settings, region_engine), log_level="warning"))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook/{SECRET}/"
        running.should_exit = True
        thread.join()


def test_our_server(server, odd):
    found = Server(server, ("semsam", PASSWORD))
    assert states(found.examine()) == [("server", "ok"), ("webhook", "ok")]
    assert found.capabilities
    for address, password, said in (
        (server, "another", "refuses the password"),
        (server.replace(SECRET, "another-secret-of-the-path"), PASSWORD, "does not know the secret"),
        ("http://127.0.0.1:9/hook/x/", PASSWORD, "cannot be reached"),
    ):
        (check,) = Server(address, ("semsam", password)).examine()
        assert check.state == "blocks"
        assert said in check.detail
        assert SECRET not in check.line()
    odd.answers = {"/health": (200, {}, b"<html>")}
    assert states(Server(f"{odd.url}/", ("a", "b")).examine()) == [("server", "blocks")]


def reply(value, **headers):
    return 200, headers, json.dumps(value).encode()


ODD = {
    "/health": reply({"status": "UP"}),
    "/api/current-user/whoami": reply({"email": "a@b"}),
    "/api/jwt/settings": reply({"legacy_api_tokens_enabled": True}),
    "/api/version/": reply({"release": "1.23.2"}),
    "/api/ml": (400, {}, b'{"validation_errors": {"project": ["no"]}}'),
    "/api/webhooks/": (400, {}, b'{"validation_errors": {"project": ["no"]}}'),
}
REFUSED = (401, {}, b'{"detail": "no"}')


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, {}),
        ({"/health": reply({"status": "up?"})}, {"address": "blocks"}),
        ({"/health": REFUSED}, {"address": "blocks"}),
        ({"/api/current-user/whoami": REFUSED}, {"token": "blocks"}),
        ({"/api/jwt/settings": reply({"legacy_api_tokens_enabled": False})}, {"token": "warning"}),
        ({"/api/version/": reply({"release": "1.24.0"})}, {"version": "warning"}),
        ({"/api/version/": reply({"release": "1.9.1"})}, {"version": "blocks"}),
        ({"/api/version/": (500, {}, b"")}, {"version": "blocks"}),
        ({"/api/webhooks/": (500, {}, b'{"detail": "Can\'t resolve hostname x"}')}, {"settings": "blocks"}),
        ({"/api/webhooks/": reply({})}, {"settings": "blocks"}),
    ],
)
def test_what_is_wrong_with_a_label_studio(odd, changes, wrong):
    odd.answers = {**ODD, **changes}
    with LabelStudioApi(odd.url, TOKEN) as api:
        assert {name: state for name, state in states(examine_studio(api, "http://x/")) if state != "ok"} == wrong


def test_a_clock_that_is_wrong(odd):
    dates = formatdate(time() - 90, usegmt=True)
    odd.answers = {path: (status, {"date": dates}, body) for path, (status, _, body) in ODD.items()}
    with LabelStudioApi(odd.url, TOKEN) as api:
        (clock,) = [check for check in examine_studio(api, "http://x/") if check.name == "clock"]
    assert clock.state == "warning"
    assert re.fullmatch("Label Studio's is 9[0-9] s behind this machine's", clock.detail)


def test_no_project_ends_it(odd):
    odd.answers = ODD | {"/api/projects?title=gone&page=1&page_size=100": reply({"results": [], "next": None})}
    with LabelStudioApi(odd.url, TOKEN) as api:
        subject = Subject(api, TOKEN, "http://127.0.0.1:9/", ("a", "b"), "gone")
        last = list(examine(subject, Vocabulary()))[-1]
        assert (last.name, last.state, last.remedy) == ("project", "blocks", "semsam labelstudio setup")
        odd.answers["/api/projects/7/"] = (404, {}, b'{"detail": "none"}')
        assert "404" in list(examine(replace(subject, project=7), Vocabulary()))[-1].detail
