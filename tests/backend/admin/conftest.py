"""Label Studio's API as recorded from 1.23.2, or a real one that is recorded anew.

A recording is a list of exchanges in their order; the stand-in answers only what comes in that order. With
``SEMSAM_RECORD=http://127.0.0.1:PORT`` naming a fresh Label Studio whose legacy token is ``x`` * 40, the same tests run
against it and write the files; ``SEMSAM_RECORD_BLOCKING`` names a second one that was started without
``ML_BLOCK_LOCAL_IP=false`` and ``SSRF_PROTECTION_ENABLED=false``. Tokens are never written, of long answers only
what is read here.
"""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from semsam_annotate.backend.app import create_app
from semsam_annotate.backend.auth import Credentials
from semsam_annotate.backend.settings import ServerSettings

REAL, BLOCKING = os.environ.get("SEMSAM_RECORD", ""), os.environ.get("SEMSAM_RECORD_BLOCKING", "")
HERE = Path(__file__).parent / "recorded"
PASSWORD, SECRET = "a-token-for-tests", "a-secret-of-the-webhook-path"
LEFT_OUT = ("parsed_label_config", "control_weights", "created_by", "summary")
KEPT = {"/api/version/": ("release",), "/api/current-user/whoami": ("id", "email")}


class Studio:
    """Between a test and Label Studio: passes on and keeps, or answers from what was kept."""

    def __init__(self, name: str) -> None:
        self.upstream = BLOCKING if REAL and "blocks" in name else REAL
        self.path = HERE / f"{name}.json"
        self.exchanges: list[dict[str, Any]] = [] if REAL else json.loads(self.path.read_text())
        self.next, self.asked, self.authorizations = 0, [], []
        studio = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                said = json.loads(body) if body else None
                studio.authorizations.append(self.headers.get("Authorization"))
                status, reply = studio.pass_on(self, said) if REAL else studio.replay(self.command, self.path, said)
                data = b"" if reply is None else json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = do_DELETE = answer

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def replay(self, method: str, path: str, said: Any) -> tuple[int, Any]:
        """The next exchange's answer; 599 with both requests when it is another one."""
        request = {"method": method, "path": path, "body": masked(path, said)}
        self.asked.append(request)
        known = self.exchanges[self.next] if self.next < len(self.exchanges) else None
        if known is None or known["request"] != request:
            wanted = None if known is None else known["request"]
            return 599, {"detail": f"asked {json.dumps(request)[:300]}, recorded {json.dumps(wanted)[:300]}"}
        self.next += 1
        return known["status"], known["answer"]

    def pass_on(self, handler: BaseHTTPRequestHandler, said: Any) -> tuple[int, Any]:
        """The real answer, kept without tokens."""
        headers = {"Authorization": handler.headers["Authorization"]} if handler.headers["Authorization"] else {}
        answer = httpx.request(handler.command, self.upstream + handler.path, json=said, headers=headers, timeout=100)
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        reply = answer.json() if answer.content and (is_json or handler.path == "/health") else None
        request = {"method": handler.command, "path": handler.path, "body": masked(handler.path, said)}
        self.asked.append(request)
        kept = masked(handler.path, shortened(handler.path, reply))
        self.exchanges.append({"request": request, "status": answer.status_code, "answer": kept})
        return answer.status_code, reply

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        if REAL:
            HERE.mkdir(exist_ok=True)
            self.path.write_text(json.dumps(self.exchanges, indent=1, ensure_ascii=False) + "\n")
        else:
            assert self.next == len(self.exchanges), "everything that was recorded was asked again"


def shortened(path: str, value: Any) -> Any:
    """Without what nothing here reads."""
    if isinstance(value, dict):
        names = [name for name in value if name in KEPT.get(path, value) and name not in LEFT_OUT]
        return {name: shortened("", value[name]) for name in names}
    return [shortened("", item) for item in value] if isinstance(value, list) else value


def masked(path: str, value: Any) -> Any:
    """Without tokens."""
    return dict.fromkeys(value, "masked") if path.startswith("/api/token") and isinstance(value, dict) else value


@pytest.fixture
def studio(request: pytest.FixtureRequest) -> Iterator[Studio]:
    """The recording called like the test."""
    found = Studio(request.node.originalname.removeprefix("test_"))
    yield found
    found.close()


@pytest.fixture
def serving(region_engine, project_folder) -> Iterator[str]:
    """The address that Label Studio is told; while recording, our server listens there."""
    if REAL:
        credentials = Credentials(token=PASSWORD, hook_secret=SECRET)
        app = create_app(ServerSettings(credentials=credentials, project=project_folder), region_engine)
        server = uvicorn.Server(uvicorn.Config(app, port=9090, log_level="warning"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
    yield f"http://127.0.0.1:9090/hook/{SECRET}/"
    if REAL:
        server.should_exit = True
        thread.join()


@pytest.fixture
def personal_token() -> str:
    """A personal access token: a JWT that says it is for refreshing."""
    if not REAL:
        return "e30.eyJ0b2tlbl90eXBlIjogInJlZnJlc2gifQ.x"
    legacy = {"Authorization": f"Token {'x' * 40}"}
    settings = {"api_tokens_enabled": True, "legacy_api_tokens_enabled": True}
    httpx.post(f"{REAL}/api/jwt/settings", json=settings, headers=legacy).raise_for_status()
    return httpx.post(f"{REAL}/api/token/", headers=legacy, timeout=60).json()["token"]


class Odd:
    """A server whose answers a test chooses: path -> (status, headers, body), or a list of them in order."""

    def __init__(self) -> None:
        self.answers, self.seen = {}, []
        odd = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                odd.seen.append((self.path, self.headers.get("Authorization"), self.headers.get("Cookie")))
                found = odd.answers[self.path]
                status, headers, body = found.pop(0) if isinstance(found, list) else found
                self.send_response_only(status)  # without the time
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def odd() -> Iterator[Odd]:
    """A server that answers what a test says."""
    made = Odd()
    yield made
    made.server.shutdown()
    made.server.server_close()
