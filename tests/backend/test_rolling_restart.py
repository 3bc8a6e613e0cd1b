"""Two servers of one project, one of which goes: nothing that was annotated meanwhile is lost or doubled."""

import base64
import copy
import io
import signal
import time

import httpx
import pytest
from PIL import Image

from semsam_annotate.annotations import Project

SENT, SECOND, GONE = 60, 15, 30
"""Webhooks; after how many the second server starts, and the first one goes."""
AUTH = ("studio", "a-password")


@pytest.fixture
def news(body_of):
    """The webhook of the annotation with a number, its image in the task itself."""
    stream = io.BytesIO()
    Image.new("RGB", (640, 480), (90, 120, 60)).save(stream, "PNG")
    made = body_of("webhook_annotation_created_ui")
    made["task"]["data"] = {"image": "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()}

    def of(number):
        body = copy.deepcopy(made)
        body["annotation"]["id"] = number
        body["annotation"]["result"] = body["annotation"]["result"][:1]
        return body

    return of


def send(addresses, body):
    """To the first server that answers, as a proxy in front of both would; whoever is not answered asks again."""
    for address in [*addresses, *addresses]:
        try:
            answer = httpx.post(f"{address}/webhook", json=body, auth=AUTH, timeout=30)
        except httpx.HTTPError:
            continue
        assert answer.status_code == 201
        return
    raise AssertionError("no server answers")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_lost_or_doubled_when_one_server_takes_over_from_another(serving, tmp_path, monkeypatch, news, how):
    options = ("--project", tmp_path / "p", "--basic-auth-env", "PAIR")
    monkeypatch.setenv("PAIR", ":".join(AUTH))
    with serving(*options) as (first, old):
        for number in range(SECOND):
            send([old], news(number))
        with serving(*options) as (_, new):
            for number in range(SECOND, GONE):
                send([old, new] if number % 2 else [new, old], news(number))
            first.send_signal(how)
            for number in range(GONE, SENT):
                send([old, new], news(number))
            until = time.monotonic() + 90
            while httpx.get(f"{new}/status", auth=AUTH).json()["webhooks"]["pending"]:
                assert time.monotonic() < until
                time.sleep(0.2)
            with Project.open(tmp_path / "p") as project:
                found = [record.source.external_id.split("/")[0] for record in project.store.annotations(None)]
    assert sorted(map(int, found)) == list(range(SENT))
