"""What ``/setup`` said outlives a restart, and nobody but the owner of the project reads it."""

import io
import json
import logging
import os
import time

import pytest
from fastapi.testclient import TestClient

from semsam_annotate.api import BadInput
from semsam_annotate.backend.app import create_app
from semsam_annotate.backend.auth import Credentials
from semsam_annotate.backend.label_studio.connections import Connections
from semsam_annotate.backend.label_studio.errors import TryLater
from semsam_annotate.backend.label_studio.kept_setups import KeptSetups
from semsam_annotate.backend.logs import log_to
from semsam_annotate.backend.settings import ServerSettings

TOKEN = "x" * 40
HERE = "http://127.0.0.1:8080"


@pytest.fixture
def file(project_folder):
    return project_folder / "label-studio" / "connections.json"


@pytest.fixture
def connections(file):
    """As a fresh start makes them."""
    return lambda url=None, token=None: Connections(url, token, (), KeptSetups(file))


@pytest.fixture
def start(project_folder, region_engine):
    """A server that was told nothing of Label Studio: as a context."""
    settings = ServerSettings(credentials=Credentials(token="a-token-for-tests"), project=project_folder)
    headers = {"Authorization": "Bearer a-token-for-tests"}
    return lambda: TestClient(create_app(settings, region_engine), headers=headers)


def test_waiting_prelabels_go_on_after_a_restart(start, studio_api, image_host, body_of):
    tasks = [studio_api.add_task("/data/local-files/?d=a/b.png") for _ in range(3)]
    setup = {"project": "1.5", "hostname": image_host.url, "access_token": TOKEN}
    body = {**body_of("predict_batch3_several_predictions"), "tasks": tasks, "project": "1.5"}
    with start() as client:
        client.app.state.label_studio.background.prelabelling.batches.seconds = 0.0
        studio_api.down = 503
        assert client.post("/setup", json=setup).status_code == 200
        assert client.post("/predict", json=body).json()["results"] == [[], [], []]
    studio_api.down = 0
    with start() as client:
        until = time.monotonic() + 60
        while client.get("/status").json()["prelabelling"]["done"] < 3 and time.monotonic() < until:
            time.sleep(0.05)
    assert studio_api.versions() == {task["id"]: ["regions-1"] for task in tasks}


@pytest.mark.skipif(os.name != "posix", reason="needs modes of files")
def test_the_kept_token_is_readable_by_the_owner_only_and_shown_nowhere(start, file, image_host, studio_api):
    token, log = "a-secret-token-of-label-studio-0123456789", io.StringIO()
    studio_api.down = 503
    handler = log_to("debug", (), log)
    try:
        for told_anew in (True, False):
            with start() as client:
                setup = {"project": "1.5", "hostname": image_host.url, "access_token": token}
                assert not told_anew or client.post("/setup", json=setup).status_code == 200
                shown = [client.get(path).text for path in ("/status", "/status.html", "/metrics", "/health")]
            assert token not in "".join(shown)
    finally:
        logging.getLogger("semsam").removeHandler(handler)
    assert token in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert token not in log.getvalue()
    assert log.getvalue()


def test_the_operators_token_is_preferred_and_never_written_down(connections, file):
    connections(HERE, "operators-own").remember("1.5", HERE, "told-by-setup")
    assert connections(HERE, "another").of("1.5").token == "another"
    assert connections(HERE).of("1.5").token is None
    assert "operators-own" not in file.read_text()
    assert "told-by-setup" not in file.read_text()


def test_a_kept_token_goes_to_no_other_host(connections):
    connections("http://studio.test").remember("1.5", "http://studio.test", TOKEN)
    assert connections("http://studio.test").of("1.5").token == TOKEN
    assert connections("http://other.test").of("1.5").token is None
    with pytest.raises(TryLater):
        connections().of("1.5")  # another machine, which nobody allows any more
    with pytest.raises(BadInput):
        connections().remember("2.5", "http://studio.test", TOKEN)


def test_servers_of_one_project_see_what_the_others_were_told(connections):
    first, second = connections(), connections()
    first.remember("1.5", HERE, "one")
    second.remember("2.7", HERE, "two")
    assert [first.of(project).token for project in ("1.5", "2.7")] == ["one", "two"]
    second.remember("1.5", HERE, "new")
    assert first.of("1.5").token == "new"
    assert sorted(connections().projects()) == ["1.5", "2.7"]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "7", '{"1.5": 3}', '{"1.5": {"hostname": 3}}', '{"1.5": {"token": "x"}}', "[" * 100_000]
)
def test_a_damaged_file_is_set_aside(connections, file, content):
    file.parent.mkdir()
    file.write_text(content)
    assert connections().projects() == []
    connections().remember("1.5", HERE, TOKEN)
    assert json.loads(file.read_text())["1.5"]["token"] == TOKEN
    (aside,) = file.parent.glob("connections.json.damaged-*")
    assert aside.read_text() == content


def test_a_full_disk_costs_the_restart_only(connections, monkeypatch):
    known = connections()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    known.remember("1.5", HERE, TOKEN)
    assert known.of("1.5").token == TOKEN
    assert connections().projects() == []
