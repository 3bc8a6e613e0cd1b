"""Searches over HTTP: words and examples that are no such thing are the caller's error."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from semsam_annotate.backend.app import create_app
from semsam_annotate.backend.auth import Credentials
from semsam_annotate.backend.settings import ServerSettings

TOKEN = "a-token-for-tests"


@pytest.fixture
def client(region_engine) -> Iterator[TestClient]:
    settings = ServerSettings(credentials=Credentials(token=TOKEN), engine_only=True)
    with TestClient(create_app(settings, region_engine), headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("find", {}, "text"),
        ("find", {"text": 5}, "text"),
        ("find", {"text": "x" * 201}, "200 characters"),
        ("alike", {}, "example"),
        ("alike", {"example": {"size": [2, 2], "counts": [0, 4]}}, "64x48 pixels"),
        ("alike", {"example": {"size": [48, 64], "counts": [5]}}, "do not fill"),
        ("alike", {"example": {"size": [48, 64], "counts": [0, 3072]}, "threshold": 2}, "from 0 to 1"),
        ("alike", {"example": {"size": [48, 64], "counts": [0, 3072]}, "threshold": True}, "from 0 to 1"),
        ("alike", {"example": {"size": [48, 64], "counts": [0, 3072]}, "source": 5}, "source"),
        ("propose", {"prompt": {"text": "x" * 201}}, "200 characters"),
        ("propose", {"prompt": {"scribble": [[1, 1]] * 65_537}}, "65536 points"),
    ],
)
def test_bad_words_and_examples_are_the_callers_error(client, scene, path, body, message):
    key = client.post("/v1/encode?height=48&width=64", content=scene.tobytes()).json()["key"]
    answer = client.post(f"/v1/{path}", json={"embedding": key, **body})
    assert answer.status_code == 400
    assert message in answer.json()["error"]


def test_an_example_of_a_dropped_image_is_stale(client, scene):
    key = client.post("/v1/encode?height=48&width=64", content=scene.tobytes()).json()["key"]
    example = {"size": [48, 64], "counts": [0, 3072]}
    answer = client.post("/v1/alike", json={"embedding": key, "example": example, "source": "never"})
    assert answer.status_code == 410
