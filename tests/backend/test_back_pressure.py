"""A server that has too much to do says so and when to come again; clients come again, within bounds."""

import io
import threading

import httpx
import numpy as np
import pytest
import uvicorn
from fastapi.testclient import TestClient
from PIL import Image

from semsam_annotate.annotations.images import read_image
from semsam_annotate.api import EngineUnavailable
from semsam_annotate.backend import engine_routes, server
from semsam_annotate.backend.app import create_app
from semsam_annotate.backend.auth import Credentials
from semsam_annotate.backend.rates import CLIENTS, Rates
from semsam_annotate.backend.settings import ServerSettings
from semsam_annotate.remote import RemoteEngine
from semsam_annotate.remote.transport import Transport

TOKEN = "a-token-for-tests"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def slow(region_engine):
    """An engine that encodes only when ``release`` is set."""
    region_engine.started, region_engine.release = threading.Event(), threading.Event()
    encode = region_engine.encode

    def wait(image, cancel=None):
        region_engine.started.set()
        region_engine.release.wait(60)
        return encode(image)

    region_engine.encode = wait
    return region_engine


@pytest.fixture
def url(slow):
    settings = ServerSettings(credentials=Credentials(token=TOKEN), engine_only=True, max_waiting=1)
    listener = server.bind("127.0.0.1", 0)
    running = uvicorn.Server(uvicorn.Config(create_app(settings, slow), log_level="error"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    slow.release.set()
    running.should_exit = True
    thread.join()


def test_a_busy_server_is_asked_again_until_it_answers(url, slow, scene):
    with RemoteEngine(url, TOKEN) as remote, httpx.Client(base_url=url, headers=HEADERS) as bare:
        first = threading.Thread(target=remote.encode, args=(scene,))
        first.start()
        assert slow.started.wait(30)
        refused = bare.get("/v1/info")
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 30
        assert set(refused.json()) == {"error"}
        threading.Timer(0.5, slow.release.set).start()
        assert remote.info.name == "regions", "refused at first, it waits and asks again"
        first.join()


def test_patience_ends_and_so_does_a_closed_client(url, slow, scene):
    with RemoteEngine(url, TOKEN) as remote:
        first = threading.Thread(target=remote.encode, args=(scene,))
        first.start()
        assert slow.started.wait(30)
        impatient = Transport(url, TOKEN, 30, patience=0)
        with pytest.raises(EngineUnavailable, match="busy"):
            impatient.get("/v1/info")
        impatient.close()
        waiting = Transport(url, TOKEN, 30)
        threading.Timer(0.2, waiting.close).start()
        with pytest.raises(EngineUnavailable):
            waiting.get("/v1/info")
        slow.release.set()
        first.join()


def test_an_image_that_is_refused_or_waits_is_not_decoded(url, slow, monkeypatch):
    decoded = []
    monkeypatch.setattr(engine_routes, "read_image", lambda *given: decoded.append(1) or read_image(*given))
    stream = io.BytesIO()
    Image.new("RGB", (32, 24)).save(stream, "PNG")
    with httpx.Client(base_url=url, headers=HEADERS, timeout=60) as bare:
        first = threading.Thread(target=bare.post, args=("/v1/encode",), kwargs={"content": stream.getvalue()})
        first.start()
        assert slow.started.wait(30)
        assert bare.post("/v1/encode", content=stream.getvalue()).status_code == 429
        assert len(decoded) == 1
        slow.release.set()
        first.join()


def test_label_studio_is_refused_alike(label_studio, region_engine, body_of):
    worker = label_studio.app.state.services.worker
    worker._waiting = 32
    answer = label_studio.post("/predict", json=body_of("predict_interactive_rectangle"))
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    worker._waiting = 0
    assert label_studio.post("/predict", json=body_of("predict_interactive_rectangle")).status_code == 200


def test_buckets_fill_with_time_and_few_are_remembered():
    now = [0.0]
    rates = Rates(2, 4, lambda: now[0])
    assert [rates.wait("a") for _ in range(5)] == [0, 0, 0, 0, 1]
    assert rates.wait("b") == 0
    now[0] = 0.5
    assert [rates.wait("a") for _ in range(2)] == [0, 1]
    now[0] = 1000
    assert [rates.wait("a") for _ in range(5)] == [0, 0, 0, 0, 1]
    assert rates.wait("c", take=False) == rates.wait("c", take=False) == 0
    for number in range(2 * CLIENTS):
        rates.wait(str(number))
    assert len(rates._buckets) == CLIENTS


def test_one_client_that_asks_too_often_waits_and_others_do_not(region_engine):
    settings = ServerSettings(credentials=Credentials(token=TOKEN), engine_only=True, requests_per_second=1)
    app = create_app(settings, region_engine)
    with TestClient(app, headers=HEADERS, client=("10.0.0.1", 1)) as one:
        found = [one.get("/v1/info").status_code for _ in range(12)]
        assert found[:10] == [200] * 10
        assert 429 in found[10:]
        assert [one.get("/health").status_code for _ in range(20)] == [200] * 20, "Label Studio would call it down"
        other = TestClient(app, headers=HEADERS, client=("10.0.0.2", 1))
        assert other.get("/v1/info").status_code == 200


def test_guessing_is_slow_and_locks_nobody_out(region_engine):
    app = create_app(ServerSettings(credentials=Credentials(token=TOKEN), engine_only=True), region_engine)
    with TestClient(app, client=("10.0.0.1", 1)) as client:
        assert client.get("/v1/info", headers=HEADERS).status_code == 200
        wrong = [client.get("/v1/info", headers={"Authorization": f"Bearer guess-{n}"}) for n in range(40)]
        assert {answer.status_code for answer in wrong[:30]} == {401}
        assert 429 in {answer.status_code for answer in wrong[30:]}
        assert client.get("/v1/info", headers=HEADERS).status_code == 200, "what was right before still is"
        newcomer = TestClient(app, client=("10.0.0.2", 1))
        assert newcomer.get("/v1/info", headers=HEADERS).status_code == 200


@pytest.mark.parametrize("header", ["", "-5", "soon", "1e99", "99999999999", "Wed, 21 Oct 2026 07:28:00 GMT", "0", "3"])
def test_whatever_the_server_asks_the_pause_is_bounded(header):
    from semsam_annotate.remote.transport import LONGEST_PAUSE, _pause

    assert 0 < _pause(httpx.Response(429, headers={"Retry-After": header})) <= LONGEST_PAUSE


def test_an_encoding_sent_again_is_whole(url, slow, scene):
    """The body of a refused call is sent anew, not what is left of it."""
    slow.release.set()
    with RemoteEngine(url, TOKEN) as remote:
        handles = []
        threads = [threading.Thread(target=lambda: handles.append(remote.encode(scene))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len({handle.key for handle in handles}) == 1
    assert len(handles) == 4
    assert np.array_equal(slow.images[handles[0].key], scene)
