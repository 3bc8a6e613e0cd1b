"""Files of a server cut short or with bits turned over: a clear line or recovery, and what is whole stays whole."""

import random
import shutil
import sqlite3
import time
from contextlib import closing

import pytest
from fastapi.testclient import TestClient

from semsam_annotate.annotations import AnnotationStore
from semsam_annotate.api import SemsamError
from semsam_annotate.backend.app import create_app
from semsam_annotate.backend.auth import Credentials
from semsam_annotate.backend.label_studio.news import uid_of
from semsam_annotate.backend.settings import ServerSettings
from semsam_annotate.cli.serve_secrets import kept_secrets

FILES = (
    "project.toml", "serve-secrets.json", "annotations.sqlite", "models/active.json", "label-studio/webhooks.sqlite",
    "label-studio/webhooks.sqlite-wal", "label-studio/prelabelling.sqlite", "label-studio/reconciled.sqlite",
    "label-studio/connections.json",
)  # fmt: skip
LOST = ("webhooks.sqlite", "webhooks.sqlite-wal", "annotations.sqlite", "project.toml")
"""With these, webhooks that waited may be gone, or land elsewhere."""
OTHER = "http://127.0.0.1:1"


@pytest.fixture
def start(image_host, region_engine):
    """A server of a project, as a context."""
    headers = {"Authorization": "Bearer a-token-for-tests"}

    def begin(project):
        settings = ServerSettings(credentials=Credentials(token="a-token-for-tests"), project=project)
        app = create_app(settings, region_engine)
        app.state.label_studio.hooks.retry_seconds = 0.1
        return TestClient(app, headers=headers, raise_server_exceptions=False)

    return begin


@pytest.fixture
def killed(start, project_folder, tmp_path, image_host, studio_api, body_of):
    """What a killed server left: annotations, webhooks and tasks that wait, secrets, a promotion."""
    kept_secrets(project_folder)
    studio_api.down = 503  # it is never asked what it has: it knows none of these annotations
    with start(project_folder) as client:
        created = body_of("webhook_annotation_created_ui")
        setup = {"project": uid_of(created["project"]), "hostname": image_host.url, "access_token": "x" * 40}
        assert client.post("/setup", json=setup).status_code == 200
        assert client.post("/webhook", json=created).status_code == 201
        client.portal.call(client.app.state.label_studio.hooks.settled)
        image_host.up = False
        client.app.state.label_studio.background.prelabelling.batches.seconds = 0.0
        for number in (11, 12, 13):
            body = {**created, "annotation": {**created["annotation"], "id": number}}
            assert client.post("/webhook", json=body).status_code == 201
        tasks = [studio_api.add_task("/data/local-files/?d=a/b.png") for _ in range(3)]
        body = {**body_of("predict_batch3_several_predictions"), "tasks": tasks, "project": setup["project"]}
        assert client.post("/predict", json=body).status_code == 200
        (project_folder / "models" / "active.json").write_text('{"promoted": ["0123456789abcdef"]}')
        with closing(sqlite3.connect(project_folder / "annotations.sqlite")) as holder:
            holder.execute("SELECT count(*) FROM annotation").fetchone()  # or whoever closes it last moves its log
            shutil.copytree(project_folder, tmp_path / "killed")
    image_host.up = True
    return tmp_path / "killed"


def damage(path, rng):
    """Cut short, or a few bits turned over."""
    content = bytearray(path.read_bytes())
    if rng.random() < 0.5:
        del content[rng.randrange(len(content)) :]
    else:
        for _ in range(rng.choice((1, 3, 100))):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    return bytes(content)


def annotated(folder):
    """In the file of records that was there; a damaged project.toml may name another one."""
    with AnnotationStore.open(folder / "annotations.sqlite") as store:
        return {record.source.external_id.split("/")[0] for record in store.annotations()}


@pytest.mark.parametrize("count", [2, pytest.param(60, marks=pytest.mark.stress)])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_one_line_or_recovered_from(
    start, killed, tmp_path, body_of, caplog, image_host, name, count
):
    rng = random.Random(f"{name} {count}")
    for number in range(count):
        folder = tmp_path / f"damaged-{number}"
        shutil.copytree(killed, folder)
        torn = damage(folder / name, rng)
        caplog.clear()
        refusal, began = "", False
        try:
            kept_secrets(folder)
            with start(folder) as client:
                began = True
                use(client, body_of, image_host.url if "connections" in name else OTHER)
                assert "annotations" in name or {"1"} <= annotated(folder)
                assert name.endswith(LOST) or {"11", "12", "13"} <= annotated(folder)
        except SemsamError as error:
            refusal = str(error)
        if refusal:
            assert "\n" not in refusal.strip()
            assert folder.name in refusal
            merged = began or (killed / f"{name}-wal").exists()  # SQLite merges what its log has that is whole
            assert merged or (folder / name).read_bytes() == torn, "what is refused is left alone"
        aside = list(folder.rglob("*.damaged-*"))
        assert not aside or torn in [path.read_bytes() for path in aside]
        assert [record.message for record in caplog.records if record.exc_info] == []
        shutil.rmtree(folder)


def use(client, body_of, studio):
    """Everything that Label Studio and an administrator ask for; nothing of it is an error of ours.

    ``studio``: the Label Studio of which somebody opens a data manager, another one unless its token was lost.
    """
    created = body_of("webhook_annotation_created_ui")
    body = {**created, "annotation": {**created["annotation"], "id": 99}}
    uid = "9.9" if studio == OTHER else uid_of(created["project"])
    setup = {"project": uid, "hostname": studio, "access_token": "x" * 40}
    answers = [client.get(path) for path in ("/health", "/status", "/status.html", "/metrics", "/versions")]
    answers += [
        client.post("/webhook", json=body),
        client.post("/setup", json=setup),
    ]
    answers += [client.post("/predict", json=body_of("predict_interactive_rectangle"))]
    for answer in answers:
        assert answer.status_code != 500, answer.text
    until = time.monotonic() + (3 if answers[5].status_code == 201 else 0)
    while time.monotonic() < until:
        counts = client.get("/health")
        if counts.status_code != 200 or not counts.json()["webhooks"]["pending"]:
            return
        time.sleep(0.02)
