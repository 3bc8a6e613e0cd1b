"""The engine over HTTP answers as it does in the same process, and refuses what it should."""

import io
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from semsam_annotate import load_engine
from semsam_annotate.api import BadInput, Embedding, EngineUnavailable, Prompt, StaleEmbedding, Vocabulary
from semsam_annotate.backend import server
from semsam_annotate.backend.app import create_app
from semsam_annotate.backend.auth import Credentials
from semsam_annotate.backend.settings import ServerSettings
from semsam_annotate.remote import RemoteEngine

TOKEN = "a-token-for-tests"
WORDS = Vocabulary(["car", "dog"], ["wheel"])


@pytest.fixture
def settings() -> ServerSettings:
    return ServerSettings(credentials=Credentials(token=TOKEN), engine_only=True, max_pixels=10_000)


@pytest.fixture
def client(settings, region_engine) -> Iterator[TestClient]:
    app = create_app(settings, region_engine)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with TestClient(app, headers=headers, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def url(settings, region_engine) -> Iterator[str]:
    import uvicorn

    listener = server.bind("127.0.0.1", 0)
    running = uvicorn.Server(uvicorn.Config(create_app(settings, region_engine), log_level="error"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    running.should_exit = True
    thread.join()


def test_a_remote_engine_answers_as_the_local_one(url, region_engine, scene):
    with RemoteEngine(url, TOKEN) as remote:
        embedding = remote.encode(scene)
        assert embedding == region_engine.encode(scene)
        assert remote.segment(embedding, WORDS, "parts") == region_engine.segment(embedding, WORDS, "parts")
        far, near = (engine.segment(embedding, WORDS, "panoptic") for engine in (remote, region_engine))
        assert far.segments == near.segments
        assert np.array_equal(far.labels, near.labels)
        with pytest.raises(BadInput, match="a task is one of"):
            remote.segment(embedding, WORDS, "everything")
        prompts = [Prompt([(32, 24)]), Prompt([(1.5, 2)], [1]), Prompt(box=(20, 10, 44, 38))]
        ladder = remote.propose(embedding, prompts[0], WORDS)
        assert ladder == region_engine.propose(embedding, prompts[0], WORDS)
        assert len(ladder) > 1
        assert remote.propose_many(embedding, prompts, WORDS) == region_engine.propose_many(embedding, prompts, WORDS)
        assert remote.propose_many(embedding, []) == []
        assert remote.auto(embedding, WORDS).to_json() == region_engine.auto(embedding, WORDS).to_json()
        mask = ladder[0].mask
        rough = Prompt([(30, 24)], scribble=[[(31, 24), (33, 25)]], mask=mask, text="left wheel")
        assert remote.propose(embedding, rough) == region_engine.propose(embedding, rough)
        assert remote.find(embedding, "car", WORDS) == region_engine.find(embedding, "car", WORDS)
        for example in (ladder[0], mask):
            found = remote.alike(embedding, example, source=embedding, threshold=0.0, vocabulary=WORDS)
            assert found == region_engine.alike(embedding, example, threshold=0.0, vocabulary=WORDS)
            assert len(found) == 2
        assert remote.resolve(WORDS) == region_engine.resolve(WORDS)
        assert remote.info == region_engine.info
    assert load_engine(url, token=TOKEN).info == region_engine.info


def test_names_are_remembered_and_forgotten_over_http(url, region_engine, scene):
    with RemoteEngine(url, TOKEN) as remote:
        embedding = remote.encode(scene)
        proposal = remote.propose(embedding, Prompt([(32, 24)]))[0]
        remote.remember(embedding, proposal, object="car", part="wheel", id="r1")
        remote.remember(embedding, proposal.mask, object="car", id="r2")
        assert region_engine.remembered == {
            "r1": (proposal.mask.tobytes(), "car", "wheel"),
            "r2": (proposal.mask.tobytes(), "car", None),
        }
        remote.forget(["r1", "unknown"])
        assert region_engine.remembered.keys() == {"r2"}
        for mask, id in ((proposal.mask[:-1], "r3"), (proposal.mask, " ")):
            with pytest.raises(BadInput):
                remote.remember(embedding, mask, "car", id=id)
        with pytest.raises(StaleEmbedding):
            remote.remember(Embedding("0" * 40, embedding.size, "v"), proposal, "car", id="r3")
        assert region_engine.remembered.keys() == {"r2"}


def test_errors_cross_the_wire_as_what_they_are(url, scene):
    with RemoteEngine(url, TOKEN) as remote:
        embedding = remote.encode(scene)
        with pytest.raises(BadInput, match="outside the image of 64x48"):
            remote.propose(embedding, Prompt([(64, 2)]))
        with pytest.raises(BadInput, match="uint8"):
            remote.encode(scene.astype(float))
        with pytest.raises(BadInput, match="pixels"):
            remote.encode(np.zeros((101, 100, 3), np.uint8))
        remote.release(embedding)
        with pytest.raises(StaleEmbedding, match="encode the image again"):
            remote.propose(embedding, Prompt([(1, 1)]))
        with pytest.raises(StaleEmbedding):
            remote.auto(Embedding("never", (1, 1), "m"))


def test_who_cannot_be_reached_or_refuses_is_unavailable(url):
    with pytest.raises(EngineUnavailable, match="refuses the token"):
        RemoteEngine(url, "another-token")
    with pytest.raises(EngineUnavailable, match="refuses the token"):
        RemoteEngine(url)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(EngineUnavailable, match="cannot be reached"):
            RemoteEngine(f"http://127.0.0.1:{free.getsockname()[1]}")
    for wrong in ("file:///etc/passwd", "http://", "nonsense", "http://h:port"):
        with pytest.raises(BadInput):
            RemoteEngine(wrong)


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer wrong-token-here", "Basic !!!", "Basic YTpi", f"Digest {TOKEN}", "Bearer é"]
)
def test_every_route_needs_the_token(client, header):
    client.headers.pop("Authorization")
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    for method, path in (("GET", "/v1/info"), ("POST", "/v1/encode"), ("GET", "/health"), ("GET", "/no-such-path")):
        answer = client.request(method, path, headers=headers)
        assert answer.status_code == 401
        assert "error" in answer.json()


def test_token_works_as_bearer_as_token_and_as_the_password_of_basic_auth(client):
    client.headers.pop("Authorization")
    for header in (f"Bearer {TOKEN}", f"Token {TOKEN}"):
        assert client.get("/v1/info", headers={"Authorization": header}).status_code == 200
    assert client.get("/v1/info", auth=("anyone", TOKEN)).status_code == 200
    pair = Credentials(basic=("ann", "secret"))
    assert not pair.allow("Bearer secret")
    assert pair.allow("Basic YW5uOnNlY3JldA==")


def test_a_server_never_runs_open():
    for wrong in ({}, {"token": ""}, {"token": "short"}, {"basic": ("a", "")}, {"basic": ("", "b")}):
        with pytest.raises(BadInput):
            Credentials(**wrong)
    assert TOKEN not in repr(ServerSettings(credentials=Credentials(token=TOKEN)))


def test_an_image_file_is_encoded_with_its_orientation(client):
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(buffer, format="JPEG", exif=exif)
    assert client.post("/v1/encode", content=buffer.getvalue()).json()["size"] == [30, 20]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/encode", b"", 400),
        ("/v1/encode", b"not an image", 400),
        ("/v1/encode?height=2&width=2", b"123", 400),
        ("/v1/encode?height=-1&width=2", b"", 400),
        ("/v1/encode?height=100000&width=100000", b"", 400),
        ("/v1/encode?height=x&width=2", b"", 400),
        ("/v1/encode", b"0" * 1_100_000, 413),
        ("/v1/propose", b"", 400),
        ("/v1/propose", b"[]", 400),
        ("/v1/propose", b"[" * 100_000, 400),
        ("/v1/propose", b'{"embedding": 5}', 400),
        ("/v1/propose", b'{"embedding": "x", "prompt": 5}', 410),
        ("/v1/resolve", b"{}", 400),
        ("/v1/resolve", b'{"vocabulary": {"objects": 5}}', 400),
        ("/v1/resolve", b'{"vocabulary": {"objects": ["a", "a"]}}', 400),
        ("/v1/remember", b"{}", 400),
        ("/v1/remember", b'{"embedding": "x", "mask": 5, "id": "r"}', 410),
        ("/v1/forget", b"{}", 400),
        ("/v1/forget", b'{"ids": [5]}', 400),
        ("/v1/forget", b'{"ids": "r1"}', 400),
        ("/v1/nothing", b"", 404),
    ],
)
def test_bad_requests_get_one_line(client, path, body, status):
    answer = client.post(path, content=body)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    assert "\n" not in answer.json()["error"]


@pytest.mark.parametrize(
    "prompt",
    [5, None, [], {"points": 5}, {"points": [[1, 2]], "labels": "x"}, {"points": [[10**400, 1]]}, {"box": "ab"}],
)
def test_bad_prompts_are_the_callers_error(client, scene, prompt):
    key = client.post("/v1/encode?height=48&width=64", content=scene.tobytes()).json()["key"]
    assert client.post("/v1/propose", json={"embedding": key, "prompt": prompt}).status_code == 400
    assert client.post("/v1/propose_many", json={"embedding": key, "prompts": [prompt]}).status_code == 400


def test_remote_needs_neither_torch_nor_the_server(tmp_path):
    code = (
        "import sys, semsam_annotate.remote; "
        "sys.exit(any(name in sys.modules for name in ('torch', 'fastapi', 'scipy', 'semsam_annotate.backend')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={**os.environ}).returncode == 0


def test_health_answers_while_the_engine_works(url, region_engine, scene):
    started, release = threading.Event(), threading.Event()
    encode = region_engine.encode

    def slow(image, cancel=None):
        started.set()
        release.wait(10)
        return encode(image)

    region_engine.encode = slow
    with RemoteEngine(url, TOKEN) as remote:
        thread = threading.Thread(target=remote.encode, args=(scene,))
        thread.start()
        started.wait(10)
        begin = time.monotonic()
        answer = httpx.get(f"{url}/health", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.json() == {"status": "UP"}
        assert time.monotonic() - begin < 1
        release.set()
        thread.join()
