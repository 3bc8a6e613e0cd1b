"""Downloads from a real server on this machine: broken off, changed, refused."""

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from semsam_annotate.api import BadInput
from semsam_annotate.model.checkpoints.download import PINS, download
from semsam_annotate.model.checkpoints.published_files import FILES

CONTENT = bytes(range(256)) * 20_000


class Release(ThreadingHTTPServer):
    """Serves ``content`` in answer to every GET, ranges included; breaks off after ``most`` bytes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.most, self.status, self.ranges = CONTENT, None, None, []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/release"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = self.server
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        tag = f'"{hashlib.sha256(server.content).hexdigest()[:8]}"'
        start = int(asked[1]) if asked and self.headers.get("If-Range") == tag else 0
        server.ranges.append(start)
        status = server.status or (206 if start else 200)
        status = 416 if start >= len(server.content) else status
        body = server.content[start:] if status in (200, 206) else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", tag)
        self.end_headers()
        self.wfile.write(body[: server.most])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def release():
    server = Release()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_whole_then_held(release, tmp_path):
    seen = []
    first = download("swin-t", tmp_path, release.url, lambda done, total: seen.append((done, total)))
    assert first.path.read_bytes() == CONTENT
    assert (first.sha256, first.first) == (hashlib.sha256(CONTENT).hexdigest(), True)
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    again = download("swin-t", tmp_path, release.url)
    assert (again.sha256, again.first) == (first.sha256, False)
    assert len(release.ranges) == 1, "what is there is not fetched again"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([PINS, FILES["swin-t"]])


def test_goes_on_where_it_broke_off(release, tmp_path):
    release.most = 1_500_000
    with pytest.raises(BadInput, match="broke off after 1,500,000 bytes, call it again to go on"):
        download("swin-t", tmp_path, release.url)
    assert not (tmp_path / FILES["swin-t"]).exists()
    release.most = None
    assert download("swin-t", tmp_path, release.url).path.read_bytes() == CONTENT
    assert release.ranges == [0, 1_500_000]


def test_another_file_meanwhile_starts_over(release, tmp_path):
    release.most = 1_500_000
    with pytest.raises(BadInput):
        download("swin-t", tmp_path, release.url)
    release.most, release.content = None, CONTENT[::-1]
    assert download("swin-t", tmp_path, release.url).path.read_bytes() == CONTENT[::-1]


def test_killed_between_the_last_byte_and_the_rename(release, tmp_path):
    tag = f'"{hashlib.sha256(CONTENT).hexdigest()[:8]}"'
    (tmp_path / f"{FILES['swin-t']}.part").write_bytes(CONTENT)
    (tmp_path / f"{FILES['swin-t']}.part.etag").write_text(tag)
    assert download("swin-t", tmp_path, release.url).path.read_bytes() == CONTENT


def test_other_contents_than_the_first_time_are_not_kept(release, tmp_path):
    download("swin-t", tmp_path, release.url).path.unlink()
    release.content = CONTENT[::-1]
    with pytest.raises(BadInput, match="the first download had"):
        download("swin-t", tmp_path, release.url)
    assert [path.name for path in tmp_path.iterdir() if path.suffix in (".pth", ".part")] == []


def test_a_changed_file_on_disk_is_noticed(release, tmp_path):
    path = download("swin-t", tmp_path, release.url).path
    path.write_bytes(b"changed")
    with pytest.raises(BadInput, match="the first download had"):
        download("swin-t", tmp_path, release.url)


def test_damaged_pins_are_named(release, tmp_path):
    (tmp_path / PINS).write_text("{cut off")
    with pytest.raises(BadInput, match=r"checksums\.json is damaged"):
        download("swin-t", tmp_path, release.url)
    assert not (tmp_path / FILES["swin-t"]).exists()


def test_no_such_file_no_such_name_no_server(release, tmp_path):
    release.status = 404
    with pytest.raises(BadInput, match="answers 404 Not Found"):
        download("swin-t", tmp_path, release.url)
    with pytest.raises(BadInput, match="known are swin-t, swin-l"):
        download("swin-x", tmp_path, release.url)
    with pytest.raises(BadInput, match="broke off after 0 bytes"):
        download("swin-t", tmp_path, "http://127.0.0.1:9/release")
