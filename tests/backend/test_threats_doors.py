"""Who gets in: every route of the whole application is tried without credentials, and as the page of another site."""

import base64
import hmac
import re

import pytest
from starlette.routing import Route

from semsam_annotate.backend import auth
from semsam_annotate.backend.auth import Credentials

HOOK = "a-secret-of-the-webhook-path"
TOKEN = "a-token-for-tests"


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def routes_of(router):
    """(path, method) of everything that a router or an application serves."""
    found = []
    for route in router.routes:
        inner = getattr(route, "original_router", route)  # newer FastAPI keeps routers whole
        if hasattr(inner, "routes"):
            found += routes_of(inner)
        else:
            assert isinstance(route, Route), f"{route}: say here how it is guarded"
            found += [(re.sub(r"\{[^}]*\}", "1", route.path), method) for method in route.methods]
    return found


def test_every_route_of_the_app_wants_credentials(label_studio, monkeypatch):
    monkeypatch.setattr(auth.Rates, "wait", lambda *_, **__: 0)  # there are more routes than wrong tries
    routes = routes_of(label_studio.app)
    assert {("/predict", "POST"), ("/v1/encode", "POST"), ("/status.html", "GET"), ("/metrics", "GET")} <= set(routes)
    for path, method in [*routes, ("/nowhere", "GET"), ("/openapi.json", "GET"), ("/redoc", "GET")]:
        for header in (
            "",
            "Bearer",
            "Bearer wrong-token",
            "Token ",
            basic("a", "b"),
            basic("", ""),
            "Basic !",
            f"Bearer {HOOK}",
        ):
            answer = label_studio.request(method, path, headers={"Authorization": header})
            assert answer.status_code == 401, (method, path, header)


def test_the_secret_path_opens_annotation_webhooks_only(label_studio, monkeypatch):
    monkeypatch.setattr(auth.Rates, "wait", lambda *_, **__: 0)
    opened = set()
    for path, method in routes_of(label_studio.app):
        answer = label_studio.request(method, f"/hook/{HOOK}{path}", headers={"Authorization": ""}, json={})
        if answer.status_code != 401:
            opened.add((path, method))
    assert opened == {("/webhook", "POST")}
    for path in (
        f"/hook/{HOOK}/webhook/",
        f"/hook/{HOOK}//webhook",
        f"/hook/{HOOK}/webhook/../setup",
        f"/hook/{HOOK}",
        f"/hook/{HOOK[:-1]}/webhook",
        "/hook//webhook",
    ):
        answer = label_studio.post(path, headers={"Authorization": ""}, json={"action": "PROJECT_UPDATED"})
        assert answer.status_code == 401, path


def test_secrets_are_compared_in_constant_time(monkeypatch):
    compared = []

    def compare(given, expected):
        compared.append(expected)
        return given == expected

    monkeypatch.setattr(hmac, "compare_digest", compare)
    who = Credentials(token="the-token", basic=("user", "password"), hook_secret="secret-of-the-hook")
    assert not who.allow("Bearer wrong")
    assert not who.allow(basic("wrong", "wrong"))
    assert not who.allow_hook("wrong")
    assert compared == [b"the-token", b"the-token", b"user", b"password", b"secret-of-the-hook"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.test"}, {"Origin": "null"}, {"Origin": "http://testserver.evil.test"},
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://testserver:81"},
        {"Origin": "http://["}, {"Origin": "testserver"}, {"Origin": ""}, {"Origin": "http://testserver/"},
    ],
)  # fmt: skip
def test_the_page_of_another_site_changes_nothing(label_studio, body_of, headers, monkeypatch):
    monkeypatch.setattr(label_studio.app.state.label_studio.retraining, "start", lambda: pytest.fail("started"))
    body = {"action": "START_TRAINING", "project": {"id": 1}}
    sent = {**headers, "Authorization": basic("x", TOKEN), "Content-Type": "text/plain"}  # what a form can send
    answer = label_studio.post("/webhook", json=body, headers=sent)
    assert answer.status_code == 403
    assert set(answer.json()) == {"error"}
    assert label_studio.post("/setup", json=body_of("setup_post"), headers=headers).status_code == 403
    assert label_studio.get("/status.html", headers=headers).status_code == 200, "a link to it is fine"


def test_our_own_pages_and_programs_are_no_other_site(label_studio, body_of):
    for headers in ({}, {"Origin": "http://testserver"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        assert label_studio.post("/setup", json=body_of("setup_post"), headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/status.html", "/docs", "/status", "/metrics", "/health", "/nowhere"])
def test_no_site_frames_or_embeds_an_answer(label_studio, path):
    for headers in ({}, {"Authorization": ""}):
        found = label_studio.get(path, headers=headers).headers
        assert found["x-frame-options"] == "DENY"
        assert found["x-content-type-options"] == "nosniff"
        assert found["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in found
    if label_studio.get(path).headers["content-type"].startswith("text/html"):
        rules = label_studio.get(path).headers["content-security-policy"]
        assert "frame-ancestors 'none'" in rules
        assert "form-action 'none'" in rules
        assert label_studio.get(path).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT", "PUT"])
def test_no_method_goes_round_the_door(label_studio, method):
    answer = label_studio.request(method, "/predict", headers={"Authorization": "", "Origin": "http://evil.test"})
    assert answer.status_code in (401, 403)
    assert "access-control-allow-origin" not in answer.headers
