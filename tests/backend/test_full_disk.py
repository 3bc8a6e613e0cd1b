"""A disk that takes no more: nothing is acknowledged that was not kept, clicks are answered, and it goes on after."""

import base64
import io
import os
import shutil
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from semsam_annotate.annotations import Project
from semsam_annotate.backend.app import create_app
from semsam_annotate.backend.auth import Credentials
from semsam_annotate.backend.label_studio.prelabel_queue import PrelabelQueue
from semsam_annotate.backend.settings import ServerSettings

TOKEN = "a-token-for-tests"


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None or sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root on Linux")
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def served(region_engine):
    """Starts a server of a project, as a context."""

    def start(project, **more):
        settings = ServerSettings(credentials=Credentials(token=TOKEN), project=project, **more)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return TestClient(create_app(settings, region_engine), headers=headers, raise_server_exceptions=False)

    return start


@pytest.fixture
def news(body_of):
    """The webhook of an annotation, 60 kB long."""
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (120, 120, 3), np.uint8)).resize((640, 480)).save(
        stream, "JPEG", quality=70
    )
    body = body_of("webhook_annotation_created_ui")
    body["task"]["data"] = {"image": "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()}
    body["annotation"]["result"] = body["annotation"]["result"][:1]

    def of(number):
        return {**body, "annotation": {**body["annotation"], "id": number}}

    return of


def fill(place):
    """Whatever is free, to the last byte."""
    with open(place / "filler", "ab", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue


def applied(client):
    until = time.monotonic() + 60
    while client.get("/status").json()["webhooks"]["pending"]:
        assert time.monotonic() < until
        time.sleep(0.1)


def test_what_is_acknowledged_is_kept_and_the_rest_is_refused(small_disk, served, news, body_of, image_host):
    Project.create(small_disk / "p").close()
    with served(small_disk / "p", label_studio_url=image_host.url, label_studio_token="x" * 40) as client:
        client.app.state.label_studio.hooks.retry_seconds = 0.2
        fill(small_disk)
        answers = [client.post("/webhook", json=news(number)) for number in range(1, 30)]
        kept = [number for number, answer in enumerate(answers, 1) if answer.status_code == 201]
        refused = [answer for answer in answers if answer.status_code != 201]
        assert {answer.status_code for answer in refused} == {507}
        assert all(answer.json()["error"].count("\n") == 0 for answer in refused)
        assert {answer.headers["Retry-After"] for answer in refused} == {"60"}
        batch = body_of("predict_batch3_several_predictions")
        found = client.post("/predict", json=batch)
        assert found.status_code == 200, found.text
        assert any(found.json()["results"])
        assert client.post("/setup", json={"project": "1.5", "hostname": image_host.url}).status_code == 200
        assert client.get("/health").status_code == 200
        assert client.get("/status").status_code == 200
        (small_disk / "filler").unlink()
        assert client.post("/webhook", json=news(99)).status_code == 201
        applied(client)
    with Project.open(small_disk / "p") as project:
        records = project.store.annotations()
    assert sorted(int(record.source.external_id.split("/")[0]) for record in records) == [*kept, 99]
    assert not [path for path in (small_disk / "p").rglob(".*") if not path.name.endswith(".lock")]


def test_a_start_without_any_room_is_one_line(small_disk):
    command = [sys.executable, "-m", "semsam_annotate.cli", "serve", "--port", "0", "--project", str(small_disk / "p")]
    fill(small_disk)
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1, done.stderr


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("SQLITE_FULL", 507),
        ("SQLITE_IOERR", 507),
        ("SQLITE_BUSY", 503),
        ("SQLITE_READONLY", 503),
        ("SQLITE_CORRUPT", 503),
    ],
)
def test_every_refusal_of_the_disk_says_when_to_come_again(label_studio, news, monkeypatch, code, status):
    class Refuses:
        def execute(self, *_):
            error = sqlite3.OperationalError("no")
            error.sqlite_errorcode = getattr(sqlite3, code)
            raise error

    spool = label_studio.app.state.label_studio.hooks.spool
    monkeypatch.setattr(spool, "_database", Refuses())
    answer = label_studio.post("/webhook", json=news(1))
    monkeypatch.undo()
    assert (answer.status_code, answer.headers["Retry-After"].isdigit()) == (status, True)
    assert label_studio.post("/webhook", json=news(1)).status_code == 201


@pytest.mark.parametrize("method", ["claim", "answered", "release", "done", "fail", "hurry"])
def test_batches_are_answered_though_nothing_can_be_noted(label_studio, body_of, monkeypatch, method):
    def full(*_, **__):
        raise sqlite3.OperationalError("database or disk is full")

    batch = body_of("predict_batch3_several_predictions")
    batch["tasks"].append({"id": 77, "data": {}})
    with monkeypatch.context() as patched:
        patched.setattr(PrelabelQueue, method, full)
        found = label_studio.post("/predict", json=batch)
        setup = label_studio.post("/setup", json=body_of("setup_post"))
    assert (found.status_code, setup.status_code) == (200, 200), found.text
    assert len(found.json()["results"]) == len(batch["tasks"])
    assert any(found.json()["results"])


def test_what_could_not_be_noted_is_nobodys_any_more(tmp_path):
    queue = PrelabelQueue(tmp_path / "queue.sqlite")
    queue.claim("1", "", {1: "a", 2: "b"})
    queue._database.execute("CREATE TRIGGER full BEFORE UPDATE ON prelabels BEGIN SELECT RAISE(FAIL, 'full'); END")
    with pytest.raises(sqlite3.Error):
        queue.done("1", [1])
    assert (queue.is_taken("1", 1), queue.is_taken("1", 2)) == (False, True)
    assert queue.take().task == 1
    queue._database.execute("CREATE TRIGGER none BEFORE INSERT ON prelabels BEGIN SELECT RAISE(FAIL, 'full'); END")
    with pytest.raises(sqlite3.Error):
        queue.claim("1", "", {3: "c"})
    assert not queue.is_taken("1", 3)
    queue.close()


def test_kept_webhooks_are_bounded_in_bytes(project_folder, served, news):
    with served(project_folder, max_webhook_bytes=200_000) as client:
        client.app.state.label_studio.hooks.intake.spool.pending = lambda *_: []  # nothing is applied meanwhile
        answers = [client.post("/webhook", json=news(number)) for number in range(20)]
        told = client.get("/status").json()["webhooks"]
        metrics = client.get("/metrics").text
    codes = [answer.status_code for answer in answers]
    assert codes == sorted(codes)
    assert set(codes) == {201, 507}
    assert "MB" in answers[-1].json()["error"]
    assert 0 < told["bytes"] <= told["most_bytes"] + 60_000
    assert told["most_bytes"] == 200_000
    assert 'state="bytes"' not in metrics
    with served(project_folder, max_webhook_bytes=200_000) as client:
        applied(client)
        assert client.post("/webhook", json=news(50)).status_code == 201, "what was applied makes room"
