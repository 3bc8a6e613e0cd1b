"""What requests carry: no code, no model, no file of a stranger's choosing, never more than there is room for."""

import asyncio
import os
import pickle
import struct
import tracemalloc
import zlib

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from semsam_annotate.backend import app as application
from semsam_annotate.backend.app import create_app
from semsam_annotate.backend.auth import Credentials
from semsam_annotate.backend.settings import ServerSettings

UPLOAD = "/data/upload/1/c3202297-img_b.png"
TOKEN = "a-token-for-tests"


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb(side):
    """A PNG of a few bytes that says it has side x side pixels."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


class Evil:
    """Makes a folder when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def test_no_model_path_or_code_comes_from_a_config_or_extra_params(label_studio, body_of, tmp_path, monkeypatch):
    """CVE-2025-5173: a ``model_path`` in the labelling config was loaded, and a checkpoint is a pickle."""
    marker, weights = tmp_path / "ran", tmp_path / "evil.pt"
    weights.write_bytes(pickle.dumps(Evil(marker)))
    monkeypatch.setattr(application, "load_engine", lambda *_, **__: pytest.fail("a model was loaded"))
    params = {name: str(weights) for name in ("model_path", "weights", "checkpoint", "MODEL_PATH", "project", "device")}
    click = body_of("predict_interactive_three_points")
    attributes = " ".join(f'{name}="{weights}"' for name in params)
    config = (
        click["label_config"]
        .replace("<Image ", f"<Image {attributes} ")
        .replace("<BrushLabels ", f"<BrushLabels {attributes} ")
    )
    assert config.count(str(weights)) > len(params)
    setup = {**body_of("setup_post"), "schema": config, "extra_params": params}
    assert label_studio.post("/setup", json=setup).json() == {"model_version": "regions-1"}
    assert label_studio.post("/setup", json={**setup, "extra_params": str(weights)}).status_code == 200
    asked = {**click, "label_config": config, **params}
    asked["params"] = {**click["params"], **params}
    (found,) = label_studio.post("/predict", json=asked).json()["results"]
    assert found["model_version"] == "regions-1"
    assert not marker.exists()


def test_nothing_that_a_client_sends_is_unpickled(label_studio, tmp_path):
    """CVAT's CVE-2025-23045: the state of a tracker came back from the client as a pickle."""
    body = pickle.dumps(Evil(tmp_path / "ran"))
    posts = [path for path, methods in paths_of(label_studio) if "POST" in methods]
    assert len(posts) > 10
    for path in posts:
        for kind in ("application/octet-stream", "application/json", "application/x-pickle"):
            assert label_studio.post(path, content=body, headers={"Content-Type": kind}).status_code == 400, path
    assert not (tmp_path / "ran").exists()
    pickle.loads(body)
    assert (tmp_path / "ran").exists(), "it would have run"


def paths_of(client):
    api = client.get("/v1/openapi.json").json()["paths"]
    own = [(path, {"POST"}) for path in ("/predict", "/setup", "/webhook")]
    return own + [(path, {method.upper() for method in methods}) for path, methods in api.items()]


@pytest.mark.parametrize("side", [20_000, 2_000_000])
def test_an_image_that_claims_too_many_pixels_is_refused_by_its_header(label_studio, image_host, body_of, side):
    image_host.files[UPLOAD] = bomb(side)
    tracemalloc.start()
    try:
        answers = [
            label_studio.post("/predict", json=body_of("predict_interactive_three_points")),
            label_studio.post("/v1/encode", content=bomb(side)),
        ]
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
    for answer in answers:
        assert answer.status_code == 400
        assert "pixels" in answer.json()["error"]


def test_the_limit_of_a_server_is_kept_before_decoding(region_engine, monkeypatch):
    settings = ServerSettings(credentials=Credentials(token=TOKEN), engine_only=True, max_pixels=10_000)
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("decoded"))
    with TestClient(create_app(settings, region_engine), headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        answer = client.post("/v1/encode", content=bomb(101))
    assert answer.status_code == 400
    assert "10,000 pixels" in answer.json()["error"]


def test_the_body_of_a_stranger_is_not_read(label_studio):
    """Nothing of it arrives in memory before the credentials were looked at."""
    sent = []

    async def receive():
        pytest.fail("the body was read")

    async def send(message):
        sent.append(message)

    for path in ("/predict", "/v1/encode", "/webhook", "/hook/wrong-secret-of-the-path/webhook"):
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": path,
            "raw_path": path.encode(), "query_string": b"", "headers": [(b"content-length", b"64000000")],
            "client": ("10.9.9.9", 1), "server": ("testserver", 80), "scheme": "http", "root_path": "", "state": {},
        }  # fmt: skip
        asyncio.run(label_studio.app(scope, receive, send))
        assert sent[0]["status"] == 401
        sent.clear()


def test_ids_and_names_of_files_lead_nowhere_on_disk(label_studio, project_folder, body_of, image_host, tmp_path):
    """What is kept is named by the pixels; names, ids and links from outside are no paths."""
    body = body_of("webhook_annotation_created_ui")
    body["annotation"]["result"][0]["id"] = "../../../escaped"
    body["task"]["data"]["image"] = address = "/data/local-files/?d=a/escaped.png%00../../x"
    (tmp_path / "secret.png").write_bytes(image_host.files["/data/local-files/?d=a/b.png"])
    (tmp_path / "link.png").symlink_to(tmp_path / "secret.png")
    before = files_below(tmp_path)
    for image in (
        address,
        "/etc/passwd",
        "../../etc/passwd",
        str(tmp_path / "secret.png"),
        f"file://{tmp_path}/link.png",
    ):
        body["task"]["data"]["image"] = image
        body["annotation"]["id"] += 1
        label_studio.post("/webhook", json=body)
    body["task"]["data"]["image"] = UPLOAD
    body["annotation"]["id"] += 1
    label_studio.post("/webhook", json=body)
    settle(label_studio)
    new = {path.relative_to(project_folder / "label-studio") for path in files_below(tmp_path) - before}
    images = [path for path in new if path.parent.name == "images"]
    assert {str(path.parent) for path in new} - {"."} == {"images"}  # the databases there come when they like
    assert not any("escaped" in path.name or "secret" in path.name for path in new)
    assert len(images) == 1
    assert len(images[0].stem) == 64


def files_below(folder):
    return {path for path in folder.rglob("*") if path.is_file()}


def settle(client):
    async def settled():
        await asyncio.wait_for(client.app.state.label_studio.hooks.settled(), 30)

    client.portal.call(settled)


def test_what_annotators_write_is_text_on_the_status_page(label_studio, body_of):
    body = body_of("webhook_annotation_created_ui")
    body["annotation"]["result"][0]["id"] = "<script>\0"
    label_studio.post("/webhook", json=body)
    settle(label_studio)
    page = label_studio.get("/status.html").text
    assert "&lt;script&gt;" in page
    assert "<script" not in page
