"""A real Label Studio with an empty database and a real ``semsam serve``, both processes of their own."""

import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from PIL import Image
from skimage import data

from semsam_annotate.annotations import Project
from semsam_annotate.annotations.project_config import read_config, write_config

USER, PASSWORD = "semsam", "a-password-for-tests"
TOKEN = "0123456789abcdef0123456789abcdef01234567"
CONFIG = """<View>
  <Image name="image" value="$image"/>
  <BrushLabels name="brush" toName="image">
    <Label value="cat"/><Label value="Object"/><Label value="cat:ear"/><Label value="Part"/>
  </BrushLabels>
  <KeyPointLabels name="kp" toName="image" smart="true"><Label value="cat"/><Label value="cat:ear"/></KeyPointLabels>
  <RectangleLabels name="box" toName="image" smart="true"><Label value="cat"/></RectangleLabels>
</View>"""


@dataclass
class Setting:
    """Where everything is: Label Studio's API, the ids in it, the server beside it and its project folder."""

    api: httpx.Client
    project: int
    tasks: list[int]
    backend: int
    server: subprocess.Popen
    folder: Path

    def post(self, path, expect=(200, 201), **body):
        answer = self.api.post(path, json=body)
        assert answer.status_code in expect, answer.text
        return answer.json() if answer.content else None

    def click(self, task, *marks):
        answer = self.post(f"/api/ml/{self.backend}/interactive-annotating", task=task, context={"result": marks})
        assert "errors" not in answer, answer
        return answer["data"]

    def accepted(self, status="accepted"):
        with Project.open(self.folder) as project:
            return project.store.annotations(status)

    def settled(self, wanted):
        """The accepted records once they are as wanted: webhooks are applied after they were answered."""

        def look():
            records = self.accepted()
            return (records,) if wanted(records) else None

        return wait(look, 120)[0]

    def get(self, path):
        return self.api.get(path, params={"project": self.project}).raise_for_status().json()


def wait(look, seconds):
    """What ``look`` gives as soon as it gives anything."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if found := look():
                return found
        time.sleep(1)
    raise AssertionError(f"nothing after {seconds} s")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextlib.contextmanager
def running(command, **options):
    """A process of our own, ended afterwards."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def executable():
    """The label-studio to start, in a virtual environment of its own."""
    named = os.environ.get("SEMSAM_LABEL_STUDIO", "")
    if not named:
        pytest.skip("SEMSAM_LABEL_STUDIO does not name a label-studio executable: `make stress` installs one")
    return named


@pytest.fixture(scope="module")
def api(executable, tmp_path_factory):
    """Label Studio with an empty database: its migrations take minutes on a slow machine."""
    home, port = tmp_path_factory.mktemp("label-studio"), free_port()
    settings = {
        "LABEL_STUDIO_BASE_DATA_DIR": str(home), "COLLECT_ANALYTICS": "false", "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": "", "ML_BLOCK_LOCAL_IP": "false", "SSRF_PROTECTION_ENABLED": "false",
    }  # fmt: skip
    command = [
        executable, "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port),
        "--username", "admin@localhost.test", "--password", PASSWORD, "--user-token", TOKEN,
        "--enable-legacy-api-token", "--log-level", "WARNING",
    ]  # fmt: skip
    with open(home / "log.txt", "wb") as log, running(command, env=os.environ | settings, stdout=log, stderr=log):
        headers = {"Authorization": f"Token {TOKEN}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=300) as client:
            wait(lambda: client.get("/health").status_code == 200, 900)
            yield client


@pytest.fixture(scope="module")
def server(api, tmp_path_factory):
    """``semsam serve`` on a fresh project: (process, address of the backend, project folder)."""
    folder = tmp_path_factory.mktemp("served") / "project"
    Project.create(folder, objects=["cat", "cup"], parts={"ear": ["cat"], "handle": ["cup"]}).close()
    sure = replace(read_config(folder / "project.toml"), min_certainty=0.0)  # unsure names leave no task without masks
    write_config(folder / "project.toml", sure)
    command = [sys.executable, "-m", "semsam_annotate.cli", "serve", "--project", str(folder), "--port", "0"]
    with running([*command, "--basic-auth", f"{USER}:{PASSWORD}"], stdout=subprocess.PIPE) as process:
        port = json.loads(process.stdout.readline())["port"]
        secret = json.loads((folder / "serve-secrets.json").read_text())["hook_secret"]
        yield process, f"http://127.0.0.1:{port}/hook/{secret}/", folder


@pytest.fixture(scope="module")
def studio(api, server):
    """A project with two photos and the server as its interactive backend."""
    process, address, folder = server
    project = api.post("/api/projects", json={"title": "photos", "label_config": CONFIG}).json()["id"]
    for name, photo in (("cat.png", data.chelsea()), ("cup.png", data.coffee())):
        file = io.BytesIO()
        Image.fromarray(photo).save(file, "PNG")
        api.post(f"/api/projects/{project}/import", files={"file": (name, file.getvalue())}).raise_for_status()
    tasks = api.get("/api/tasks", params={"project": project}).json()["tasks"]
    added = {
        "url": address, "project": project, "is_interactive": True, "title": "semsam",
        "auth_method": "BASIC_AUTH", "basic_auth_user": USER, "basic_auth_pass": PASSWORD,
    }  # fmt: skip
    answer = api.post("/api/ml", json=added)
    assert answer.status_code == 201, answer.text
    ids = sorted(task["id"] for task in tasks)
    return Setting(api, project, ids, answer.json()["id"], process, folder)
