"""Images come from Label Studio's host only, with its token sent nowhere else."""

import asyncio
import base64
import json

import pytest

from semsam_annotate.api import BadInput
from semsam_annotate.backend.label_studio.connections import Connection, Connections
from semsam_annotate.backend.label_studio.errors import TryLater
from semsam_annotate.backend.label_studio.fetch import fetch_image
from semsam_annotate.backend.label_studio.image_address import resolve

UPLOAD = "/data/upload/1/c3202297-img_b.png"
TOKEN = "x" * 40


def fetch(address, host, token=TOKEN, limit=10_000_000):
    return asyncio.run(fetch_image(address, Connection(host.url, token), limit))


def test_uploads_and_local_files(image_host):
    for address in (UPLOAD, "/data/local-files/?d=a/b.png"):
        assert fetch(address, image_host) == image_host.files[address]
        assert fetch(image_host.url + address, image_host) == image_host.files[address]


def test_inline_images():
    body = base64.b64encode(b"pixels").decode()
    assert asyncio.run(fetch_image(f"data:image/png;base64,{body}", Connection("http://h"), 10)) == b"pixels"
    for wrong in ("data:image/png,abc", "data:text/html;base64,YQ==", "data:image/png;base64,!", "data:"):
        with pytest.raises(BadInput):
            asyncio.run(fetch_image(wrong, Connection("http://h"), 10))
    with pytest.raises(BadInput, match="larger"):
        asyncio.run(fetch_image(f"data:image/png;base64,{body}", Connection("http://h"), 5))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a.png",
        "file:///etc/passwd",
        "ftp://127.0.0.1/data/upload/1/a.png",
        "gopher://127.0.0.1:70/_x",
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:1/data/upload/1/a.png",
        "http://localhost/data/upload/1/a.png",
        "http://HOST@evil.test/data/upload/1/a.png",
        "http://user:password@HOST/data/upload/1/a.png",
        "http://HOST.evil.test/data/upload/1/a.png",
        "https://HOST/data/upload/1/a.png",
        "//evil.test/data/upload/1/a.png",
        "/\\evil.test/data/upload/1/a.png",
        "@evil.test/data/upload/1/a.png",
        ".evil.test/data/upload/1/a.png",
        "/api/users/",
        "/data/upload/1/a\nHost: evil",
        "/data/upload/1/" + "a" * 5000,
        "s3://bucket/a.png",
        5,
        None,
    ],
)
def test_other_places_are_never_asked(address, image_host):
    given = address.replace("HOST", image_host.url.removeprefix("http://")) if isinstance(address, str) else address
    with pytest.raises(BadInput):
        fetch(given, image_host)
    assert image_host.requests == []


@pytest.mark.parametrize(
    "address",
    [
        "/data/../api/users/",
        "/data/upload/../../api/users/",
        "/data/upload/%2e%2e/%2e%2e/api/users/",
        "/data/upload/%252e%252e/%252e%252e/api/users",
        "/data/upload/..%5c..%5capi",
        "/data/upload/..\\..\\api",
        "/data/local-files/?d=../../etc/passwd",
        "/data/local-files/?d=a/%2e%2e/%2e%2e/etc/passwd",
        "/data/local-files/?d=a&d=../../etc/passwd",
        "/data/local-files/?d=%252e%252e/etc/passwd",
        "/storage-data/uploaded/?filepath=upload/../../etc/passwd",
        "/tasks/1/resolve/../../../api/users/",
        "/data/upload/1/a.png%00",
    ],
)
def test_paths_that_climb_are_never_asked(address, image_host):
    with pytest.raises(BadInput):
        fetch(address, image_host)
    with pytest.raises(BadInput):
        fetch(image_host.url + address, image_host)
    assert image_host.requests == []


def test_redirects_are_not_followed(image_host):
    image_host.redirects[UPLOAD] = f"http://127.0.0.1:{image_host.server.server_port}/secret"
    with pytest.raises(BadInput, match="redirects"):
        fetch(UPLOAD, image_host)
    assert [path for path, _ in image_host.requests] == [UPLOAD]


def test_too_large_missing_and_refused(image_host):
    with pytest.raises(BadInput, match="larger"):
        fetch(UPLOAD, image_host, limit=100)
    with pytest.raises(BadInput, match="404"):
        fetch("/data/upload/1/none.png", image_host)
    with pytest.raises(TryLater, match="token"):
        fetch(UPLOAD, image_host, token="another")
    image_host.up = False
    with pytest.raises(TryLater, match="503"):
        fetch(UPLOAD, image_host)


def test_a_personal_access_token_is_exchanged(image_host):
    claims = base64.urlsafe_b64encode(json.dumps({"token_type": "refresh"}).encode()).decode().rstrip("=")
    image_host.token = "Bearer fresh"
    assert fetch(UPLOAD, image_host, token=f"head.{claims}.signature")
    assert image_host.requests[0][0] == "/api/token/refresh/"


def test_a_base_path_is_kept():
    found = resolve("/data/upload/1/a.png", Connection("http://h:1/sub", "t"))
    assert str(found.url) == "http://h:1/sub/data/upload/1/a.png"
    with pytest.raises(BadInput):
        resolve("http://h:1/data/upload/1/a.png", Connection("http://h:1/sub", "t"))


def test_setup_names_this_machine_or_what_the_operator_gave():
    connections = Connections(None, None)
    with pytest.raises(TryLater):
        connections.of("1")
    for wrong in ("http://10.0.0.5:8080", "http://metadata.internal", "file:///", "x", "http://u:p@localhost", ""):
        with pytest.raises(BadInput):
            connections.remember("1", wrong, "t")
    connections.remember("1", "http://localhost:8081/", "t")
    assert connections.of("1") == Connection("http://localhost:8081", "t")
    given = Connections("http://studio.test", "own")
    given.remember("1", "http://localhost:8081", "theirs")
    assert given.of("1") == given.of("2") == Connection("http://studio.test", "own")
    assert "own" not in repr(given.of("1"))
