"""A small deterministic engine for protocol tests: regions of similar colour, six tolerances; it learns nothing."""

import importlib.util
import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from semsam_annotate.backend.app import create_app
from semsam_annotate.backend.auth import Credentials
from semsam_annotate.backend.settings import ServerSettings


def _module(name: str) -> ModuleType:
    """A helper file of this folder (tests are no package)."""
    spec = importlib.util.spec_from_file_location(f"backend_{name}", Path(__file__).parent / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RegionEngine = _module("region_engine").RegionEngine
StudioApi = _module("studio_api").StudioApi


@pytest.fixture
def region_engine() -> Iterator[RegionEngine]:
    """A fresh engine."""
    return RegionEngine()


@pytest.fixture
def scene() -> np.ndarray:
    """(48, 64, 3): a ring around a disc on a background, so that every ladder has rungs."""
    rows, columns = np.mgrid[:48, :64]
    distance = np.hypot(rows - 24, columns - 32)
    scene = np.full((48, 64, 3), 40, np.uint8)
    scene[distance < 18] = (60, 70, 60)
    scene[distance < 8] = (90, 80, 70)
    return scene


HERE = Path(__file__).parent
LS_TOKEN = "x" * 40
SERVER_TOKEN = "a-token-for-tests"
HOOK = "a-secret-of-the-webhook-path"


def _photo(height: int, width: int, seed: int) -> np.ndarray:
    """Blobs inside blobs, so that clicks have ladders."""
    rows, columns = np.mgrid[:height, :width]
    photo = np.full((height, width, 3), 40 + seed, np.uint8)
    for y, x, outer in ((0.5, 0.5, 0.3), (0.25, 0.75, 0.18), (0.45, 0.17, 0.15)):
        distance = np.hypot(rows - y * height, columns - x * width) / min(height, width)
        photo[distance < outer] = (60 + seed, 70, 60)
        photo[distance < outer / 2] = (90, 80 + seed, 70)
    return photo


def _file(photo: np.ndarray, format: str, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    Image.fromarray(photo).save(buffer, format=format, exif=exif)
    return buffer.getvalue()


def handler_of(host: "ImageHost") -> type[BaseHTTPRequestHandler]:
    """What answers for a host."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.requests.append((self.path, self.headers.get("Authorization")))
            if host.api is not None and self.path.startswith("/api/"):
                self.json(*host.api("GET", self.path, None, self.headers.get("Authorization")))
                return
            if not host.up:
                self.send_response(503)
            elif self.path in host.redirects:
                self.send_response(302)
                self.send_header("Location", host.redirects[self.path])
            elif self.headers.get("Authorization") != host.token:
                self.send_response(401)
            elif self.path in host.files:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(host.files[self.path])
                return
            else:
                self.send_response(404)
            self.end_headers()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            host.requests.append((self.path, body.decode()))
            if host.api is not None and self.path != "/api/token/refresh/":
                self.json(*host.api("POST", self.path, json.loads(body), self.headers.get("Authorization")))
                return
            self.send_response(200 if self.path == "/api/token/refresh/" else 404)
            self.end_headers()
            self.wfile.write(b'{"access": "fresh"}')

        def json(self, status: int, answer: Any) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            return

    return Handler


class ImageHost:
    """Stands where Label Studio's images are; keeps every request it got."""

    def __init__(self) -> None:
        self.files = {
            "/data/upload/1/9e0c9dd7-img_a.jpg": _file(_photo(600, 800, 1), "PNG"),
            "/data/upload/1/c3202297-img_b.png": _file(_photo(480, 640, 2), "PNG"),
            "/data/upload/2/539799df-img_b.png": _file(_photo(480, 640, 2), "PNG"),
            "/data/upload/1/55876ebb-img_exif.jpg": _file(_photo(600, 800, 3), "PNG", orientation=6),
            "/data/local-files/?d=a/b.png": _file(_photo(48, 64, 4), "PNG"),
        }
        self.requests: list[tuple[str, str | None]] = []
        self.token = f"Token {LS_TOKEN}"
        self.redirects: dict[str, str] = {}
        self.up = True
        self.api: StudioApi | None = None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def studio_api(image_host: "ImageHost") -> StudioApi:
    """A stand-in for Label Studio's API, at the same address as its images."""
    api = image_host.api = StudioApi(f"Token {LS_TOKEN}")
    return api


@pytest.fixture
def image_hosts() -> Iterator[Callable[[], ImageHost]]:
    """Makes stand-ins for Label Studio's image routes."""
    made: list[ImageHost] = []

    def make() -> ImageHost:
        made.append(ImageHost())
        return made[-1]

    yield make
    for host in made:
        host.server.shutdown()
        host.server.server_close()


@pytest.fixture
def image_host(image_hosts: Callable[[], ImageHost]) -> ImageHost:
    """A stand-in for Label Studio's image routes."""
    return image_hosts()


@pytest.fixture
def serving() -> Callable[..., Any]:
    """Starts ``semsam serve`` with options, as a context: (process, address)."""
    return _module("serving_process").served


@pytest.fixture
def taken_in(tmp_path: Path) -> Iterator[Any]:
    """A project that takes webhooks in, without a server."""
    world = _module("intake_world").World(tmp_path / "taken-in")
    yield world
    world.close()


@pytest.fixture
def project_folder(tmp_path: Path) -> Path:
    """An empty project."""
    from semsam_annotate.annotations import Project

    Project.create(tmp_path / "project").close()
    return tmp_path / "project"


@pytest.fixture
def label_studio(image_host: ImageHost, region_engine: RegionEngine, project_folder: Path) -> Iterator[TestClient]:
    """The server with a project, authorised, knowing the image host as Label Studio."""
    settings = ServerSettings(
        credentials=Credentials(token=SERVER_TOKEN, hook_secret=HOOK),
        project=project_folder,
        label_studio_url=image_host.url,
        label_studio_token=LS_TOKEN,
    )
    headers = {"Authorization": f"Bearer {SERVER_TOKEN}"}
    with TestClient(create_app(settings, region_engine), headers=headers, raise_server_exceptions=False) as client:
        yield client


def _captures() -> dict[str, dict[str, Any]]:
    """The captures of the clone and, where they are, all that were recorded."""
    folders = [HERE / "captures"]
    if "SEMSAM_REFERENCE" in os.environ:
        folders.append(Path(os.environ["SEMSAM_REFERENCE"]) / "label_studio" / "captures")
    paths = {path.stem: path for folder in folders for path in folder.glob("*.json")}
    return {
        name: json.loads(path.read_text()) for name, path in paths.items() if name not in ("INDEX", "accepted_shapes")
    }


CAPTURES = _captures()


@pytest.fixture
def captures() -> dict[str, dict[str, Any]]:
    """Recorded exchanges by name."""
    return CAPTURES


@pytest.fixture
def accepted_shapes() -> dict[str, Any]:
    """The results that Label Studio accepts."""
    return json.loads((HERE / "captures" / "accepted_shapes.json").read_text())


@pytest.fixture
def body_of(captures: dict[str, dict[str, Any]]) -> Callable[[str], dict[str, Any]]:
    """The request body of a capture."""
    return lambda name: json.loads(captures[name]["request"]["body_raw"])
