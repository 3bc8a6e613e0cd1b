"""schemathesis asks what the OpenAPI document allows and forbids: never a 500, always what the document says."""

from collections import Counter

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    unsupported_method,
]
HEADERS = {"Authorization": "Bearer a-token-for-tests"}
OPTIONS = ("--engine-only", "--token-env", "TOKEN", "--requests-per-second", 0, "--log-level", "warning")


def attack(url, scene, count):
    """Ask every operation ``count`` times within the document and ``count`` times outside; how often each status came.

    An embedding that the document allows is one that the server has, so that calls get to the engine.
    """
    size = {"height": scene.shape[0], "width": scene.shape[1]}
    encoded = httpx.post(f"{url}/v1/encode", content=scene.tobytes(), params=size, headers=HEADERS).json()["key"]
    seen = Counter()
    for found in schemathesis.openapi.from_url(f"{url}/v1/openapi.json", headers=HEADERS).get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @settings(
                max_examples=count, deadline=None, database=None, phases=[Phase.generate], derandomize=True,
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(case=operation.as_strategy(generation_mode=mode))
            def check(case):
                if isinstance(case.body, dict) and isinstance(case.body.get("embedding"), str):
                    case.body["embedding"] = encoded
                answer = case.call(headers=HEADERS, timeout=30)
                seen[answer.status_code] += 1
                case.validate_response(answer, checks=CHECKS, headers=HEADERS)

            check()
    return seen


def test_every_answer_is_one_that_the_document_tells(serving, monkeypatch, scene):
    monkeypatch.setenv("TOKEN", "a-token-for-tests")
    with serving(*OPTIONS) as (_, url):
        seen = attack(url, scene, 6)
    assert seen[200] > 20
    assert seen[400] > 20


@pytest.mark.stress
def test_ten_thousand_requests_leave_the_server_as_it_was(serving, monkeypatch, scene):
    monkeypatch.setenv("TOKEN", "a-token-for-tests")
    with serving(*OPTIONS) as (child, url):
        attack(url, scene, 20)
        before = resident(child.pid)
        seen = attack(url, scene, 420)
        assert resident(child.pid) - before < 50_000_000
        status = httpx.get(f"{url}/status", headers=HEADERS).json()
    assert seen.total() >= 10_000
    assert status["engine"]["waiting"] == 0


def resident(pid):
    """Bytes of memory that a process holds."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * 4096
