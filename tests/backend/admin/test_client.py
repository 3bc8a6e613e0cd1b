"""The one client: where the token goes, what an answer that is none means, in one line each."""

import json
import socket

import httpx
import pytest

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.admin.client import LabelStudioApi, Refused, Unreachable

REFRESH = "e30.eyJ0b2tlbl90eXBlIjogInJlZnJlc2gifQ.x"


def answer(value, status=200, **headers):
    return status, headers, json.dumps(value).encode()


def test_no_redirect_takes_the_token_elsewhere(odd):
    odd.answers = {"/api/projects": (302, {"Location": "http://127.0.0.1:9/api/projects"}, b"")}
    with LabelStudioApi(odd.url, "t" * 40) as api, pytest.raises(Unreachable, match="elsewhere"):
        api.get("/api/projects")
    assert odd.seen == [("/api/projects", f"Token {'t' * 40}", None)]


def test_a_session_is_not_kept(odd):
    odd.answers = {"/a": answer({}, **{"Set-Cookie": "sessionid=1"})}
    with LabelStudioApi(odd.url + "/", "t" * 40) as api:
        assert api.get("/a") == api.get("/a") == {}
    assert odd.seen[1][2] is None


def test_an_access_token_that_expired_is_renewed_once(odd):
    gone = answer({"detail": "expired"}, 401)
    odd.answers = {"/api/token/refresh/": [answer({"access": "one"}), answer({"access": "two"})]}
    odd.answers["/a"] = [answer(1), gone, answer(2), gone, gone]
    with LabelStudioApi(odd.url, REFRESH) as api:
        assert (api.get("/a"), api.get("/a")) == (1, 2)
        assert [seen[1] for seen in odd.seen if seen[0] == "/a"] == ["Bearer one", "Bearer one", "Bearer two"]
        odd.answers["/api/token/refresh/"].append(answer({"access": "three"}))
        with pytest.raises(Refused, match="refuses the token"):
            api.get("/a")


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (200, b"<html>", Unreachable, "not a Label Studio"),
        (502, b"<html>", Refused, "502"),
        (400, b'{"detail": "Validation error", "validation_errors": {"title": ["too\\n long"]}}', Refused, "too long"),
        (400, b'["odd"]', Refused, "400"),
        (403, b'{"detail": "no"}', Refused, "403 to GET /a: no"),
    ],
)
def test_answers_that_are_none(odd, status, body, kind, said):
    odd.answers = {"/a": (status, {}, body)}
    with LabelStudioApi(odd.url, "t" * 40) as api, pytest.raises(kind, match=said) as failed:
        api.get("/a")
    assert "\n" not in str(failed.value)


def test_a_slow_or_absent_server():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with LabelStudioApi(url, "t" * 40, httpx.Timeout(0.3)) as api, pytest.raises(Unreachable, match="in time"):
            api.get("/a")
    with LabelStudioApi("http://127.0.0.1:9", "t" * 40) as api, pytest.raises(Unreachable, match="cannot be reached"):
        api.get("/a")


@pytest.mark.parametrize("url", ["", "localhost:8080", "ftp://x", "http://user:pass@x", "http://x?a=1"])
def test_addresses_that_are_none(url):
    with pytest.raises(BadInput, match="address"):
        LabelStudioApi(url, "t")


@pytest.mark.parametrize("token", ["", " ", "two words", "a\nb", "ä"])
def test_tokens_that_are_none(token):
    with pytest.raises(BadInput, match="token"):
        LabelStudioApi("http://127.0.0.1", token)
