"""Logs are JSON lines that hold no secret, no query, no image and no traceback over several lines."""

import io
import json
import logging

import pytest

from semsam_annotate.api import BadInput
from semsam_annotate.backend.logs import log_to

SECRETS = ("a-token-for-tests", "a-secret-of-the-webhook-path", "x" * 40)


@pytest.fixture
def lines():
    """What was logged, parsed, and as text; loggers are put back afterwards."""
    names = ("semsam", "uvicorn.error", "asyncio")
    before = [(logging.getLogger(n), logging.getLogger(n).handlers, logging.getLogger(n).level) for n in names]
    stream = io.StringIO()
    log_to("debug", SECRETS, stream)
    yield lambda: ([json.loads(line) for line in stream.getvalue().splitlines()], stream.getvalue())
    for logger, handlers, level in before:
        logger.handlers, logger.propagate = handlers, True
        logger.setLevel(level)


def test_requests_are_told_by_route(label_studio, lines, body_of):
    body = body_of("predict_interactive_rectangle")
    label_studio.post("/predict?access_token=query-secret", json=body)
    label_studio.post(f"/hook/{SECRETS[1]}/webhook", json={"action": "X"}, headers={"Authorization": ""})
    label_studio.post("/hook/a-wrong-secret-of-somebody/webhook", json={}, headers={"Authorization": ""})
    found, text = lines()
    told = [(line["route"], line["method"], line["status"]) for line in found if line["logger"] == "semsam.requests"]
    assert told == [("/predict", "POST", 200), ("/webhook", "POST", 201), ("/webhook", "POST", 401)]
    for secret in (*SECRETS, "query-secret", "a-wrong-secret-of-somebody"):
        assert secret not in text
    assert all(line["time"].endswith("+00:00") and line["level"] in ("debug", "info") for line in found)


def test_an_image_that_cannot_be_had_is_told_without_its_query(label_studio, lines, body_of, image_host):
    created = body_of("webhook_annotation_created_ui")
    created["task"]["data"]["image"] = "/data/local-files/?d=private-folder/photo.png"
    image_host.up = False
    label_studio.post("/webhook", json=created)
    label_studio.portal.call(label_studio.app.state.label_studio.hooks.settled)
    found, text = lines()
    assert any("waits" in line["message"] for line in found)
    assert "private-folder" not in text


@pytest.mark.parametrize(
    ("said", "hidden"),
    [
        ("GET http://h/data/local-files/?d=a/b.png", "a/b.png"),
        ("see http://h/hook/abcdefghijklmnop/webhook", "abcdefghijklmnop"),
        ("Authorization: Token 0123456789abcdef", "0123456789abcdef"),
        ("Bearer eyJhbGciOi.eyJ0b2tlbl.sig", "eyJ0b2tlbl"),
        ("bad address data:image/png;base64,iVBORw0KGgo=", "iVBORw0KGgo"),
        (f"it was {SECRETS[0]}", SECRETS[0]),
    ],
)
def test_what_is_hidden(lines, said, hidden):
    logging.getLogger("semsam.backend").warning("%s and more", said)
    (line,), text = lines()
    assert hidden not in text
    assert line["message"].endswith("and more") or "data:" in said


def test_an_unforeseen_error_is_one_line_with_its_traceback(lines):
    try:
        raise RuntimeError(f"with {SECRETS[0]}\nand a second line")
    except RuntimeError:
        logging.getLogger("semsam.backend").exception("unforeseen error")
    (line,), text = lines()
    assert "RuntimeError" in line["traceback"]
    assert SECRETS[0] not in text
    assert line["level"] == "error"


def test_levels(lines):
    log_to("warning", (), stream := io.StringIO())
    logging.getLogger("semsam.requests").info("request")
    logging.getLogger("semsam.requests").warning("odd")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["odd"]
    with pytest.raises(BadInput, match="log level"):
        log_to("loud")
