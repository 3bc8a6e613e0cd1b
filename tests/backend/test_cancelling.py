"""A call ends when its client cancels it or hangs up, and the engine serves the next one."""

import socket
import threading
import time
from collections.abc import Iterator

import httpx
import numpy as np
import pytest

from semsam_annotate.api import AutoSettings, BadInput, Cancelled, CancelToken
from semsam_annotate.backend import server
from semsam_annotate.backend.app import create_app
from semsam_annotate.backend.auth import Credentials
from semsam_annotate.backend.calls import REMEMBERED, RunningCalls
from semsam_annotate.backend.settings import ServerSettings
from semsam_annotate.remote import RemoteEngine

TOKEN = "a-token-for-tests"
IMAGE = np.zeros((8, 9, 3), np.uint8)


@pytest.fixture
def patient(region_engine):
    """An engine whose search of the whole image goes on until it is cancelled, for 30 s at most."""
    region_engine.searching, region_engine.ended, region_engine.given = threading.Event(), threading.Event(), []

    def auto(embedding, vocabulary=None, settings=None, progress=None, cancel=None):
        region_engine.given.append(settings)
        region_engine.searching.set()
        try:
            for _ in range(3000):
                cancel.check()
                time.sleep(0.01)
        finally:
            region_engine.ended.set()

    region_engine.auto = auto
    return region_engine


@pytest.fixture
def url(patient) -> Iterator[str]:
    import uvicorn

    settings = ServerSettings(credentials=Credentials(token=TOKEN), engine_only=True)
    listener = server.bind("127.0.0.1", 0)
    running = uvicorn.Server(uvicorn.Config(create_app(settings, patient), log_level="error"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    running.should_exit = True
    thread.join()


def test_a_token_ends_the_call_on_the_server(url, patient):
    with RemoteEngine(url, TOKEN) as remote:
        handle, token, settings = remote.encode(IMAGE), CancelToken(), AutoSettings(side=3, levels=(2,))

        def when_it_searches():
            patient.searching.wait(30)
            token.cancel()

        helper = threading.Thread(target=when_it_searches)
        helper.start()
        with pytest.raises(Cancelled):
            remote.auto(handle, settings=settings, cancel=token)
        helper.join()
        assert patient.ended.is_set()
        assert patient.given == [settings]
        assert remote.encode(IMAGE, cancel=CancelToken()) == handle
        with pytest.raises(Cancelled):
            remote.encode(IMAGE, cancel=token)


def test_a_client_that_hangs_up_frees_the_engine(url, patient):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with RemoteEngine(url, TOKEN) as remote:
        handle = remote.encode(IMAGE)
        address = httpx.URL(url)
        body = httpx.Request("POST", f"{url}/v1/auto", headers=headers, json={"embedding": handle.key})
        lines = ["POST /v1/auto HTTP/1.1", *(f"{name}: {value}" for name, value in body.headers.items())]
        with socket.create_connection((address.host, address.port or 80)) as line:
            line.sendall("\r\n".join([*lines, "", ""]).encode() + body.content)
            assert patient.searching.wait(30)
        assert patient.ended.wait(30)
        assert remote.encode(IMAGE) == handle


def test_wrong_settings_and_names_are_the_callers_fault(url):
    with RemoteEngine(url, TOKEN) as remote:
        handle = remote.encode(IMAGE)
        client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"})
        for wrong in (
            {"settings": {"side": 0}},
            {"settings": 3},
            {"request": 5},
            {"request": ""},
            {"request": "x" * 99},
        ):
            answer = client.post("/v1/auto", json={"embedding": handle.key, **wrong})
            assert answer.status_code == 400, wrong
        assert client.post("/v1/cancel", json={"request": "nobody"}).json() == {"cancelled": False}


def test_calls_by_name():
    calls = RunningCalls()
    token = calls.start("a")
    with pytest.raises(BadInput, match="no running call has"):
        calls.start("a")
    assert calls.cancel("a")
    assert token.cancelled
    calls.end("a")
    assert not calls.start("a").cancelled
    assert not calls.cancel("early")  # its call is still on the way
    assert calls.start("early").cancelled
    for number in range(REMEMBERED + 1):
        calls.cancel(f"n{number}")
    assert not calls.start("n0").cancelled
    assert calls.start("n1").cancelled
